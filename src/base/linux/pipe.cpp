#include "base/pipe.hpp"

#include <fcntl.h>

#include <array>

namespace farpty {

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return os_error("cannot make", "a pipe");
  return Pipe{.read = OwnedFd(ends[0]), .write = OwnedFd(ends[1])};
}

}  // namespace farpty
