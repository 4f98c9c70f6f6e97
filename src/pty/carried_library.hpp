// The carried library: libfarpty.so inside the executable, as the static one has it, which is to be one file.
//
// It becomes a sealed file in memory, made once and kept while the process lives. Programs find it as /proc/PID/fd/N,
// as the shim finds the device's page: where there is no /proc, only programs that need no library can be served.
#pragma once

#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/owned_fd.hpp"
#include "base/result.hpp"

namespace farpty::pty {

// Its path for LD_PRELOAD, good for every program that may look at this process's descriptors (proc(5): PTRACE_MODE_READ_FSCREDS);
// nothing where this executable carries none.
[[nodiscard]] std::optional<Result<std::string>> carried_library();

// The file in memory that it becomes: closed on exec, and nobody can change it any more (F_GET_SEALS(2const)).
[[nodiscard]] Result<OwnedFd> library_in_memory(Bytes content);

}  // namespace farpty::pty
