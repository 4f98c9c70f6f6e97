// Server: the objects of a running `farpty serve`, and what happens to them at start, at SIGHUP and at the end.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "app/serve_options.hpp"
#include "door/door.hpp"
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
  Result<> open_doors(const ServeOptions& options);
  void reload();
  void stop(int signal);
  void leave_when_sent();
  void wait_for_signal();

  static constexpr std::size_t kBuffer = 64 * 1024;

  boost::asio::io_context context_;
  pty::Children children_;
  std::vector<std::byte> buffer_;
  session::Registry registry_;
  door::Gate gate_;
  door::Shared shared_;
  std::vector<std::unique_ptr<door::Door>> doors_;
  boost::asio::signal_set signals_;
  boost::asio::steady_timer leaving_;
  bool stopping_ = false;

  std::optional<std::string> config_path_;
  GivenFlags flags_;
  std::vector<std::string> program_;
};

}  // namespace farpty::app
