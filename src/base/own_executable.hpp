// The file that this process runs, to run it again.
#pragma once

#include <string>

namespace farpty {

// A path for execve(2). On Linux it stands for the very file, replaced or unlinked though it may be (proc(5), /proc/pid/exe).
[[nodiscard]] std::string own_executable();

}  // namespace farpty
