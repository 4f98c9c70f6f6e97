// What an inherited descriptor stands for, where the systems differ.
#pragma once

#include <sys/stat.h>

#include "base/owned_fd.hpp"

namespace farpty::client {

// A description of our own of the pipe behind `fd`, to write to without blocking; none where the system gives none.
[[nodiscard]] OwnedFd reopen_pipe(int fd);

// A device that takes everything at once and cannot be waited for, as /dev/null.
[[nodiscard]] bool is_memory_device(const struct stat& status);

}  // namespace farpty::client
