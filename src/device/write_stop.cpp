#include "device/write_stop.hpp"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstring>
#include <utility>

#include "device/descriptor_message.hpp"
#include "device/gvisor.hpp"

namespace farpty::device {

namespace {

bool is_writable(int end) {
  pollfd one{.fd = end, .events = POLLOUT, .revents = 0};
  return poll(&one, 1, 0) == 1 && one.revents == POLLOUT;
}

bool send_mark(int end, int file) {
  char byte = 0;
  return DescriptorMessage(&byte, 1, file).send(end) == 1;
}

}  // namespace

void WriteStop::stop(int end, int file) {
  if (usual_ != 0 || end < 0 || is_gvisor()) return;
  int size = 0;
  socklen_t length = sizeof size;
  if (getsockopt(end, SOL_SOCKET, SO_SNDBUF, &size, &length) != 0 || size < 2) return;
  usual_ = size / 2;  // the kernel doubles what is asked for (socket(7))
  const int smallest = 1;
  setsockopt(end, SOL_SOCKET, SO_SNDBUF, &smallest, sizeof smallest);
  // A mark takes 768 bytes of the kernel's bookkeeping, the quarter of the smallest buffer has 1,152.
  constexpr int kEnough = 4;
  for (int sent = 0; sent < kEnough && is_writable(end) && send_mark(end, file); ++sent) ++marks_;
}

void WriteStop::start(int end) {
  const int size = std::exchange(usual_, 0);
  if (size != 0 && end >= 0) setsockopt(end, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
}

ssize_t WriteStop::receive(int fd, void* to, std::size_t size) {
  while (marks_ > 0) {
    iovec part{.iov_base = to, .iov_len = size};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    const ssize_t count = recvmsg(fd, &message, MSG_DONTWAIT);
    const bool ends_with_mark = count > 0 && (message.msg_flags & MSG_CTRUNC) != 0;  // a descriptor had no room
    if (!ends_with_mark) return count;
    --marks_;
    if (count > 1) return count - 1;
  }
  return recv(fd, to, size, MSG_DONTWAIT);
}

bool WriteStop::is_empty(int fd) const {
  int waiting = 0;
  return ioctl(fd, FIONREAD, &waiting) != 0 || waiting <= marks_;
}

}  // namespace farpty::device
