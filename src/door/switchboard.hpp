// Switchboard: the desk's side of dialling out: hosts dial in, terminals of this machine ask for one of them, and the two get a line
// (caller.hpp).
//
// Where a terminal waits for the first host that comes, what it will say there is said to that host ahead, with the handshake. It is
// said to one host at a time, and taken back from who does not arrive.
//
// A host is whoever came in by the token in one handshake; it comes back by what that handshake has given it, and is the same host then.
// Invariants: a host has one line at a time, and the last who asks for it gets it; a host that nobody will come back to is
// forgotten, and with it what it could come back by; at most kMostHosts are kept.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/later.hpp"
#include "control/messages.hpp"
#include "door/caller.hpp"
#include "net/acceptor.hpp"
#include "net/listener.hpp"

namespace farpty::door {

class Switchboard final : private Caller::Owner {
 public:
  static constexpr std::size_t kMostHosts = 256;

  // `changed`: a host came, went or was forgotten; in a later round than that.
  static Result<std::unique_ptr<Switchboard>> open(boost::asio::io_context& context, net::Listener listener,
                                                   Doorkeeper& keeper, std::function<void()> changed);
  Switchboard(const Switchboard&) = delete;
  Switchboard& operator=(const Switchboard&) = delete;
  ~Switchboard() override;

  [[nodiscard]] const net::Url& url() const { return listener_.url(); }

  // A terminal waits for the first host that comes, and will begin with these words there; they are made when they are wanted.
  using Opening = std::function<std::vector<std::byte>()>;
  void wait_with(Opening opening) { opening_ = std::move(opening); }
  // It waits no longer: it sits down at this host, or (0) at none.
  void sits_down(unsigned host);

  // A terminal of this machine wants the line to a host (0: the one that there is), and gets it or an error over `local`.
  void attach(unsigned host, OwnedFd local);

  [[nodiscard]] std::vector<control::Host> hosts() const;
  // The host that came first among those at whose line nobody sits.
  [[nodiscard]] std::optional<unsigned> free_host() const;
  // Hosts that are connected.
  [[nodiscard]] std::size_t present() const;

  // Nobody will come back to this host: it is told, and forgotten; one that is away hears it when it dials again. False: there
  // is no such host.
  bool dismiss(unsigned host);
  // Nobody will come back to any host: they are told. It listens no longer; is_empty() when they have heard it.
  void end();
  [[nodiscard]] bool is_empty() const { return callers_.empty(); }

 private:
  using Clock = std::chrono::steady_clock;
  struct Host {
    auth::InvitationId credential;
    std::string peer;
    Clock::time_point since;
    Caller* line = nullptr;  // null: it is away
    OwnedFd waiting;         // who asked for the line
  };

  Switchboard(boost::asio::io_context& context, net::Listener listener, Doorkeeper& keeper,
              std::function<void()> changed);
  void welcome(OwnedFd socket);
  void give_line(unsigned id, Host& host);
  void refuse(const OwnedFd& local, const std::string& why);
  void forget(unsigned id);
  [[nodiscard]] std::map<unsigned, Host>::iterator host_of(const Caller& caller);
  void tell();

  // Caller::Owner
  std::vector<std::byte> ahead(Caller& caller) override;
  void arrived(Caller& caller) override;
  void said_bye(Caller& caller) override;
  void closed(Caller& caller) override;

  boost::asio::io_context& context_;
  net::Listener listener_;
  std::unique_ptr<net::Acceptor> acceptor_;  // after listener_: gone before it is closed
  Doorkeeper& keeper_;
  std::function<void()> changed_;
  std::map<const Caller*, std::unique_ptr<Caller>> callers_;
  std::vector<const Caller*> gone_;  // still on the stack; forgotten in the next round
  std::map<unsigned, Host> hosts_;
  std::deque<auth::InvitationId>
      dismissed_;  // by what hosts come back that were away then, to hear it; kMostHosts at most
  unsigned next_host_ = 1;
  Opening opening_;              // null: nobody waits
  Caller* opened_to_ = nullptr;  // who has heard it
  bool ended_ = false;
  Later next_round_;
};

}  // namespace farpty::door
