// RawMode: the user's terminal in raw mode, and its way back on every exit: return, signal, crash, kill -9.
//
// A guard process waits on a pipe that only we hold. When we leave properly it is dismissed; when the pipe just closes, it
// restores the terminal in our place. It has a session of its own, so no signal of the terminal reaches it and job control
// does not stop its tcsetattr (tty_jobctrl.c: __tty_check_change looks only at the controlling terminal).
#pragma once

#include <sys/types.h>
#include <termios.h>

#include <string>

#include "base/owned_fd.hpp"
#include "base/result.hpp"
#include "client/typing.hpp"

namespace farpty::client {

class RawMode {
 public:
  // `tty` is borrowed and stays open. Clears every flag that cfmakeraw(3) clears.
  static Result<RawMode> enter(int tty);

  RawMode(RawMode&& other) noexcept;
  RawMode& operator=(RawMode&&) = delete;
  ~RawMode();  // leaves

  // To the user's own modes and back to raw, as often as needed: for suspending.
  void leave();
  void resume();

  // Who echoes and edits while we are in; kRaw from the start.
  void set_typing(Typing typing);

  // Escape sequences to be written before the modes are restored; replaces the last ones.
  void set_undo(const std::string& sequences);

 private:
  struct Page;  // shared with the guard
  RawMode(int tty, const termios& before) : tty_(tty), before_(before) {}
  Result<> start_guard();

  int tty_ = -1;
  termios before_{};
  Typing typing_ = Typing::kRaw;
  bool raw_ = false;
  Page* page_ = nullptr;
  OwnedFd guard_pipe_;
  pid_t guard_ = 0;
};

}  // namespace farpty::client
