// Launch: a program made ready to be started, and its start by vfork and exec.
//
// vfork because a server's address space is not to be copied for each session; the price is that the child runs on its
// parent's memory. So everything is made ready before, and the child makes system calls and writes nothing but its stack.
// Invariant: start() allocates nothing and takes no lock; it may run in the child of a fork, as in a keeper.
#pragma once

#include <csignal>
#include <string>
#include <vector>

#include "pty/child_failure.hpp"
#include "pty/program.hpp"

namespace farpty::pty {

// The files to try, in the order of PATH.
[[nodiscard]] std::vector<std::string> candidates_for(const Program& program);

class Launch {
 public:
  // Both are borrowed: they outlive start().
  Launch(const Program& program, const Stdio& stdio);

  struct Outcome {
    pid_t pid = -1;
    ChildFailure failure;  // its step goes on with the program's name
  };
  // Returns when the program has been executed, or when it is clear that it cannot be.
  [[nodiscard]] Outcome start() noexcept;

 private:
  [[noreturn]] void run_child(int report) noexcept;

  std::vector<std::string> candidates_;       // files to try, in PATH's order
  std::vector<const char*> arguments_;        // argv
  std::vector<const char*> shell_arguments_;  // for a script without #!, as execvp(3) does: /bin/sh FILE ARG...
  std::vector<const char*> environment_;
  const Program& program_;
  Stdio stdio_;
};

// All signals are held while this lives: a handler that ran in the child of a vfork would change its parent's state.
class SignalsHeld {
 public:
  SignalsHeld() noexcept;
  ~SignalsHeld();
  SignalsHeld(const SignalsHeld&) = delete;
  SignalsHeld& operator=(const SignalsHeld&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace farpty::pty
