// The ladder: which kind of terminal this host gives, asked by trying, best first.
//
//   kernel    /dev/ptmx works
//   emulated  our own device (emulated_pty.hpp); needs nothing of the host but libfarpty.so
//   pipes     only where it was asked for: no terminal at all
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "pty/terminal.hpp"

namespace farpty::pty {

enum class TerminalChoice { kAuto, kKernel, kEmulated, kPipes };

[[nodiscard]] Result<TerminalChoice> parse_terminal_choice(const std::string& text);

struct Rung {
  TerminalKind kind;
  std::string why;  // "emulated: /dev/ptmx cannot be opened: no such file or directory"
};

// Tries what `choice` allows and returns the first that works. What is forced is not tried.
[[nodiscard]] Result<Rung> choose_terminal(TerminalChoice choice);

// Opens a pseudoterminal of the kernel and closes it again.
[[nodiscard]] Result<> try_kernel_pty();

}  // namespace farpty::pty
