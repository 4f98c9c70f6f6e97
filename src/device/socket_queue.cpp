#include "device/socket_queue.hpp"

#include <linux/sockios.h>
#include <sys/ioctl.h>

namespace farpty::device {

std::optional<int> unread_by_peer(int fd) {
  // Whoever reads a buffer wakes its writer while the last byte of it is still accounted for (sock.c: sock_wfree), and nobody
  // wakes the writer when that one is gone, too. No buffer is as small as that.
  constexpr int kBeingFreed = 1;
  int waiting = 0;
  if (ioctl(fd, SIOCOUTQ, &waiting) != 0) return std::nullopt;
  return waiting <= kBeingFreed ? 0 : waiting;
}

}  // namespace farpty::device
