// Player: `farpty play`: a recording on the user's terminal, at its pace, with keys that pause, step and seek.
//
// It seeks by playing from the beginning into a model of the screen (vt/) and drawing that. Where stdin is no terminal there
// are no keys; where stdout is none nobody watches, and all comes at once. Invariant: the terminal is left as it was found:
// its modes (client::RawMode), and what the recording switched on and not off (TerminalTrace).
#pragma once

#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

#include "base/result.hpp"
#include "base/timer.hpp"
#include "client/outlet.hpp"
#include "client/pace.hpp"
#include "client/play_keys.hpp"
#include "client/tape.hpp"
#include "client/terminal_trace.hpp"
#include "client/user_terminal.hpp"

namespace farpty::client {

class Player {
 public:
  Player(boost::asio::io_context& context, std::unique_ptr<Tape> tape, double speed)
      : context_(context), tape_(std::move(tape)), user_(context), pace_(speed, Pace::Clock::now()), timer_(context) {}

  Result<> open();
  // Until the end, or until the user has enough; the exit status for the shell. The error is of the recording.
  Result<int> run();

 private:
  void advance();
  void show(const cast::Event& event);
  void wait_until_due(cast::Micros at);
  void say(std::string text);
  void flush();
  void typed();
  void obey(PlayKey key);
  void pause_or_go_on();
  void step();
  void seek(cast::Micros target);
  void end();
  void quit(int status);
  void fail(Error error);

  boost::asio::io_context& context_;
  std::unique_ptr<Tape> tape_;
  UserTerminal user_;
  std::unique_ptr<Outlet> out_;
  Pace pace_;
  Timer timer_;
  PlayKeys keys_;
  TerminalTrace trace_;
  bool watched_ = false;  // by someone at a terminal: it has a pace
  bool over_ = false;
  std::string unsaid_;  // of what was said, what the outlet has no room for yet
  int status_ = 0;
  std::optional<Error> error_;
};

}  // namespace farpty::client
