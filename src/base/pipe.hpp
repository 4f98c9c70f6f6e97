// A pipe of our own: programs that we start inherit neither end.
#pragma once

#include "base/owned_fd.hpp"
#include "base/result.hpp"

namespace farpty {

struct Pipe {
  OwnedFd read, write;
};

Result<Pipe> make_pipe();

}  // namespace farpty
