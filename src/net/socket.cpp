#include "net/socket.hpp"

#include <fcntl.h>

#include <cerrno>

namespace farpty::net {

Result<> make_private_and_nonblocking(int fd) {
  const int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
    return os_error("cannot set flags of", "descriptor " + std::to_string(fd));
  return {};
}

}  // namespace farpty::net
