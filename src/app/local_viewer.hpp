// LocalViewer: the viewer of `farpty run`: whoever stands before this process. A session's output goes to stdout; its input
// comes from stdin, a terminal (then in raw mode, and its size is followed) or anything else.
//
// Invariant: the user's terminal is left as it was found on every way out (client::RawMode's guard).
#pragma once

#include <memory>

#include <boost/asio/io_context.hpp>

#include "base/later.hpp"
#include "base/result.hpp"
#include "client/outlet.hpp"
#include "client/user_terminal.hpp"
#include "session/session.hpp"

namespace farpty::app {

class LocalViewer final : public session::Viewer {
 public:
  explicit LocalViewer(boost::asio::io_context& context) : context_(context), user_(context), next_round_(context) {}

  // Takes the user's terminal, where there is one. Before the session starts.
  Result<> open();

  // Runs until the session is over; the exit status for the shell.
  int run(session::Session& session);

  // session::Viewer
  [[nodiscard]] std::size_t output_room() const override { return out_->room(); }
  void output(Bytes bytes) override;
  [[nodiscard]] bool input_waits() const override;
  void input_wanted() override { read_input(); }
  void ended(const session::End& end) override;
  [[nodiscard]] std::string door() const override { return "run"; }
  [[nodiscard]] std::string peer() const override { return "this terminal"; }

 private:
  void read_input();
  void window_changed();
  void signalled(int number);
  void leave_if_done();

  boost::asio::io_context& context_;
  client::UserTerminal user_;
  std::unique_ptr<client::Outlet> out_;
  session::Seat* seat_ = nullptr;  // null before and after it
  bool input_ended_ = false;
  bool over_ = false;
  int status_ = 0;
  Later next_round_;
};

}  // namespace farpty::app
