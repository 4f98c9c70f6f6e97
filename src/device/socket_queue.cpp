#include "device/socket_queue.hpp"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/owned_fd.hpp"

namespace farpty::device {

namespace {

// Whether this kernel counts the bytes themselves (gVisor does), and not the buffers they lie in.
bool counts_bytes() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return false;
  const OwnedFd near(ends[0]), far(ends[1]);
  int waiting = 0;
  return ::send(near.get(), "", 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1 && ioctl(near.get(), SIOCOUTQ, &waiting) == 0 &&
         waiting == 1;
}

}  // namespace

std::optional<int> unread_by_peer(int fd) {
  // Whoever reads a buffer wakes its writer while the last byte of it is still accounted for (sock.c: sock_wfree), and nobody
  // wakes the writer when that one is gone, too. No buffer is as small as that.
  static const int being_freed = counts_bytes() ? 0 : 1;
  int waiting = 0;
  if (ioctl(fd, SIOCOUTQ, &waiting) != 0) return std::nullopt;
  return waiting <= being_freed ? 0 : waiting;
}

}  // namespace farpty::device
