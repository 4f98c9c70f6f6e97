// A message with one descriptor in it (unix(7), SCM_RIGHTS).
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <cstring>

namespace farpty::device {

class DescriptorMessage {
 public:
  // `size` bytes from `bytes` (borrowed), and `descriptor`, or none where it is negative. Does not wait, raises no signal.
  DescriptorMessage(void* bytes, std::size_t size, int descriptor) : part_{.iov_base = bytes, .iov_len = size} {
    message_.msg_iov = &part_;
    message_.msg_iovlen = 1;
    if (descriptor < 0) return;
    message_.msg_control = control_;
    message_.msg_controllen = sizeof control_;
    cmsghdr* const header = CMSG_FIRSTHDR(&message_);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof descriptor);
    std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  }
  DescriptorMessage(const DescriptorMessage&) = delete;
  DescriptorMessage& operator=(const DescriptorMessage&) = delete;

  // As sendmsg(2).
  ssize_t send(int socket) const { return sendmsg(socket, &message_, MSG_DONTWAIT | MSG_NOSIGNAL); }

 private:
  iovec part_;
  msghdr message_{};
  alignas(cmsghdr) char control_[CMSG_SPACE(sizeof(int))] = {};
};

}  // namespace farpty::device
