// How a program ended, and the characters that its terminal gives meaning to: the plain data of pty/, for those who know
// neither event loop nor terminal.
#pragma once

#include <string>

namespace farpty::pty {

struct ExitStatus {
  int code = 0;    // exit status, when signal is 0
  int signal = 0;  // the signal that ended it, or 0

  [[nodiscard]] int shell_code() const { return signal != 0 ? 128 + signal : code; }  // sh(1), "Exit Status"
  [[nodiscard]] std::string text() const;  // "exit status 3", "killed by signal 9 (SIGKILL)"
};

// What a program writes: on a terminal it is all one.
enum class Stream { kOutput, kErrors };

// Characters that a terminal gives meaning to (termios(3), c_cc); which byte each is, the program decides.
enum class ControlCharacter { kInterrupt, kQuit, kSuspend, kErase, kKill, kEndOfFile };

}  // namespace farpty::pty
