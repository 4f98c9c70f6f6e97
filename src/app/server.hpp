// Server: the objects of a running `farpty serve`, and what happens to them at start, at SIGHUP and at the end.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include "app/doors.hpp"
#include "app/serve_options.hpp"
#include "app/user.hpp"
#include "base/timer.hpp"
#include "door/control.hpp"
#include "door/doorkeeper.hpp"
#include "pty/children.hpp"
#include "session/registry.hpp"

namespace farpty::app {

class Server {
 public:
  Server();

  // Opens the doors and says what it does; everything that can fail at start fails here.
  Result<> open(const ServeOptions& options, std::optional<std::string> config_path, GivenFlags flags,
                std::vector<std::string> program);

  // Serves until SIGTERM or SIGINT; sessions are told, hung up and awaited before it returns.
  void run();

 private:
  // Makes `options` what the server does; on an error everything is as it was.
  Result<> apply(const ServeOptions& options);
  Result<> prepare_sandbox(const ServeOptions& options);
  Result<> prepare_keeper(const ServeOptions& options, const User& user);
  Result<> open_control();
  Result<auth::Token> invite(const control::InviteRequest& request);
  void reload();
  void stop(int signal);
  void leave_if_done();
  void look_for_idle();
  void wait_for_signal();

  static constexpr std::size_t kBuffer = 64 * 1024;

  boost::asio::io_context context_;
  pty::Children children_;
  std::vector<std::byte> buffer_;
  std::shared_ptr<pty::Sandbox> sandbox_;  // made when first asked for; sessions share it
  session::Registry registry_;
  door::Gate gate_;
  std::unique_ptr<door::Doorkeeper> keeper_;  // null: no native door was ever asked for
  door::Shared shared_;
  Doors doors_;
  std::unique_ptr<door::Control> control_;  // null where there could be none
  boost::asio::signal_set signals_;
  std::optional<door::Openness> openness_;  // as the log has said it
  bool stopping_ = false;
  std::chrono::seconds exit_when_idle_{0};
  session::Clock::time_point idle_since_;
  Timer idle_timer_;

  std::optional<std::string> config_path_;
  GivenFlags flags_;
  std::vector<std::string> program_;
};

}  // namespace farpty::app
