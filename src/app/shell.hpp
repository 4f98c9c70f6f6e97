// Which shell, where none was asked for: the user's; on a host that has none, farpty-sh (packaging/farpty-sh).
#pragma once

#include <string>

namespace farpty::app {

struct Shell {
  std::string path;
  std::string why;  // for the log, where it is not the one that was wanted; else empty
};

// `wanted` where it can be executed; then what FARPTY_SH names; then farpty-sh beside this executable, under its own name or that of
// `make dist`. Where there is nothing of that: `wanted`, of which the error is to speak.
[[nodiscard]] Shell find_shell(const std::string& wanted);

}  // namespace farpty::app
