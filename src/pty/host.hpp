// What this machine allows, as far as it decides about terminals: asked by trying, told in words. For `farpty doctor`.
//
// Nothing here changes the machine or this process; what could is tried in a child.
#pragma once

#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "base/result.hpp"
#include "pty/program.hpp"
#include "pty/terminal.hpp"

namespace farpty::pty {

struct Finding {
  std::string what;    // "user namespaces"
  std::string answer;  // "yes", "no: operation not permitted"
};

// What does not decide by itself: for people who want to know why.
[[nodiscard]] std::vector<Finding> look_at_host();

// 0, or the errno for which this process tree gets no seccomp listener that hands out descriptors (Linux 5.9); EBUSY: another
// program listens to it already.
[[nodiscard]] int listener_refusal();

inline constexpr WindowSize kTrialSize{.columns = 77, .rows = 7};

// Runs a program on such a terminal, of kTrialSize, and takes its exit status 0 for word that it sees it.
[[nodiscard]] Result<> try_terminal(const TerminalSource& source, const Program& looker);

// /bin/sh, which is to look: are its input and output a terminal, and of the right size?
[[nodiscard]] Program looking_shell();
// The same question, of this process.
[[nodiscard]] bool is_on_trial_terminal();

}  // namespace farpty::pty
