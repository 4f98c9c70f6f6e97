#include "base/pipe.hpp"

#include <fcntl.h>

#include <array>

namespace farpty {

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  // There is no pipe2(2): a program that another thread starts in between would inherit both. We have one thread.
  if (::pipe(ends.data()) != 0) return os_error("cannot make", "a pipe");  // lint-allow(cloexec): set below
  Pipe made{.read = OwnedFd(ends[0]), .write = OwnedFd(ends[1])};
  for (const int end : ends)
    if (fcntl(end, F_SETFD, FD_CLOEXEC) != 0) return os_error("cannot set flags of", "a pipe");
  return made;
}

}  // namespace farpty
