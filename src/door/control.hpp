// Control: the server's end of the control socket, by which `farpty ps` and `farpty kill` ask it (control/messages.hpp).
//
// It is no door: nobody gets a session by it, and its peers are processes of the server's own user. Invariants: a peer that
// sends too much, nothing or nonsense costs its own connection; at most kMaxPeers are heard at a time, each for at most
// kPatience, and one whose answer is not taken is not read from.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "auth/token.hpp"
#include "base/later.hpp"
#include "control/messages.hpp"
#include "net/acceptor.hpp"
#include "net/runtime_socket.hpp"
#include "session/registry.hpp"

namespace farpty::door {

class Control {
 public:
  // What it asks of the rest of the server.
  struct Server {
    std::function<std::vector<std::string>()> doors;  // the URLs at which it listens
    std::function<Result<auth::Token>(const control::InviteRequest&)> invite;
    // Of a listener; empty: it is none.
    std::function<void(control::Server&)> add_hosts;
    std::function<void(unsigned host, OwnedFd socket)> attach;  // gets the connection, and answers it
    std::function<bool(unsigned host)> dismiss;                 // false: there is none of that number
  };
  static Result<std::unique_ptr<Control>> open(boost::asio::io_context& context, net::RuntimeSocket socket,
                                               session::Registry& registry, Server server);
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;
  ~Control();

 private:
  class Peer;

  Control(boost::asio::io_context& context, net::RuntimeSocket socket, session::Registry& registry, Server server);
  void welcome(OwnedFd socket);
  static void failed(const Error& error);
  void forget(Peer& peer);
  // The host, where it asks for the line to one.
  [[nodiscard]] std::optional<unsigned> wants_line(std::string_view line) const;
  [[nodiscard]] std::string answer(std::string_view line);
  [[nodiscard]] control::Server list() const;

  boost::asio::io_context& context_;
  net::RuntimeSocket socket_;
  std::unique_ptr<net::Acceptor> acceptor_;  // after socket_: gone before it is closed
  session::Registry& registry_;
  Server server_;
  std::map<const Peer*, std::unique_ptr<Peer>> peers_;
  std::vector<const Peer*> gone_;  // still on the stack; forgotten in the next round
  Later next_round_;
};

}  // namespace farpty::door
