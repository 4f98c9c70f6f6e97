// Proxy: listens on a loopback port and carries each connection to the target through two Lines.
//
// One thread, one event loop. What user space cannot show: the handshake is the kernel's, so connecting itself is
// neither delayed nor stalled. Invariant: a fault ends one connection as a path would (all bytes before it arrived),
// never the proxy.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <map>
#include <memory>
#include <string>

#include "base/owned_fd.hpp"
#include "connection.hpp"
#include "plan.hpp"

namespace farpty::kit {

class Proxy {
 public:
  Proxy(boost::asio::io_context& io, Plan plan, boost::asio::ip::tcp::endpoint target);

  // Binds the port (0: the kernel chooses) and keeps it until the end, also while connections are refused.
  [[nodiscard]] Result<> listen(const boost::asio::ip::tcp::endpoint& address);
  [[nodiscard]] std::uint16_t port() const noexcept { return address_.port(); }

  // Does what a command asks and returns the line to answer with: "ok", or a JSON object for stats.
  [[nodiscard]] Result<std::string> obey(const Command& command);

 private:
  [[nodiscard]] Result<> open_acceptor();
  boost::asio::awaitable<void> accept_all();
  boost::asio::awaitable<void> carry(std::shared_ptr<Connection> connection);
  [[nodiscard]] std::string stats() const;

  boost::asio::io_context& io_;
  Plan plan_;
  boost::asio::ip::tcp::endpoint target_;
  boost::asio::ip::tcp::endpoint address_;
  boost::asio::ip::tcp::socket holder_;  // bound, never listening: reserves the port
  boost::asio::ip::tcp::acceptor acceptor_;
  std::uint64_t accepted_ = 0;
  // Shared with the coroutines that carry it: the last of them, or a command that cuts it, may be the one to end it.
  std::map<std::uint64_t, std::shared_ptr<Connection>> live_;
  std::map<std::uint64_t, Counters> ended_;  // of the last kMostRemembered connections
};

}  // namespace farpty::kit
