// EndOfInput: gives a program on a kernel pty the end-of-file that its peer's half-close meant.
//
// A terminal has no end-of-file of its own, only the VEOF character, and what that does depends on the mode in which it is
// *read*: in canonical mode it ends a read (of a partial line first, so a second one is needed); a program in raw mode,
// such as readline, gets the byte and decides itself; one that was received in canonical mode and is read in raw mode comes
// out as NUL (n_tty.c: __DISABLED_CHAR), and one received in raw mode and flushed by tcsetattr is lost.
// So: whenever the program has taken all its input, a VEOF is due; in canonical mode each time (end-of-file is sticky on a
// pipe, too), in raw mode after each change of ICANON, and again after pauses that grow.
// There is no event for "the other side has read everything" or "termios changed"; this looks every few milliseconds, only
// while a peer is half-closed.
#pragma once

#include <chrono>
#include <functional>

#include <boost/asio/io_context.hpp>

#include "base/owned_fd.hpp"
#include "base/timer.hpp"

namespace farpty::pty {

class EndOfInput {
 public:
  // `master` is borrowed; `slave` is an own descriptor of the same pty, not a controlling terminal.
  EndOfInput(boost::asio::io_context& context, int master, OwnedFd slave);

 private:
  using Duration = std::chrono::milliseconds;
  void look();
  void send();
  [[nodiscard]] bool input_is_taken(bool canonical) const;

  Timer timer_;
  int master_;
  OwnedFd slave_;
  bool looked_ = false;
  bool was_canonical_ = false;
  Duration pause_;               // until the next look
  Duration raw_wait_;            // in raw mode: how long a VEOF may go unanswered before the next one
  Duration since_last_send_{0};  // in raw mode
  bool due_ = true;
};

}  // namespace farpty::pty
