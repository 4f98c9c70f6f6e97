#include "client/reopen.hpp"

#include <fcntl.h>
#include <sys/sysmacros.h>

#include <string>

namespace farpty::client {

// proc(5), /proc/pid/fd
OwnedFd reopen_pipe(int fd) {
  return OwnedFd(::open(("/proc/self/fd/" + std::to_string(fd)).c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
}

bool is_memory_device(const struct stat& status) {
  constexpr unsigned kMemoryDevices = 1;  // devices.txt: 1 char
  return S_ISCHR(status.st_mode) && major(status.st_rdev) == kMemoryDevices;
}

}  // namespace farpty::client
