// The ladder: which kind of terminal this host gives, asked by trying, best first.
//
//   kernel    /dev/ptmx works
//   devpts    the kernel lets us mount a devpts of our own (private_devpts.hpp)
//   emulated  our own device (emulated_pty.hpp); needs nothing of the host but libfarpty.so
//   pipes     only where it was asked for: no terminal at all
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "pty/terminal.hpp"

namespace farpty::pty {

enum class TerminalChoice { kAuto, kKernel, kDevpts, kEmulated, kPipes };

[[nodiscard]] Result<TerminalChoice> parse_terminal_choice(const std::string& text);

struct Rung {
  TerminalSource source;
  std::string why;  // "emulated, because the kernel gives none: cannot open /dev/ptmx: no such file or directory"
};

// Tries what `choice` allows and returns the first that works. A kernel's pseudoterminals and pipes, if forced, are not tried.
[[nodiscard]] Result<Rung> choose_terminal(TerminalChoice choice);

// Opens a pseudoterminal of the kernel and closes it again.
[[nodiscard]] Result<> try_kernel_pty();

// What of a private devpts a user should know: "sudo will not work". Empty: nothing.
[[nodiscard]] std::vector<std::string> drawbacks(const PrivateDevpts& devpts);

}  // namespace farpty::pty
