// Caller: a host that dialled in at a listener (docs/protocol/farpty-1.md, "Dialling out"): TLS by a token, and then nothing but a line
// between the host and a terminal of this machine, which speak farpty/1 with each other.
//
// Invariants: of the host not a byte is looked at here, before and after it has proved who it is; what one side does not take
// is not read from the other; a host that speaks while nobody sits at the line loses it, but where somebody was about to sit down
// and what he says first was said ahead, with the handshake: then the host's answer waits until he says it here, too.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/timer.hpp"
#include "door/doorkeeper.hpp"
#include "net/plain_socket.hpp"
#include "net/tls_socket.hpp"
#include "wire/conversation.hpp"

namespace farpty::door {

class Caller final : private net::TlsSocket::Owner, private net::TlsJudge, private net::PlainSocket::Owner {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    // What is said to it with the handshake, before it is known who that is: what whoever will sit at its line says first there.
    virtual std::vector<std::byte> ahead(Caller& caller) = 0;
    virtual void arrived(Caller& caller) = 0;   // who it is, is known
    virtual void said_bye(Caller& caller) = 0;  // whoever sits at the line will not come back to this host
    virtual void closed(Caller& caller) = 0;    // the last call; to be destroyed later
  };

  Caller(boost::asio::io_context& context, Doorkeeper& keeper, OwnedFd socket, Doorkeeper::Place place, Owner& owner);
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;
  ~Caller() override;

  Result<> open();

  // From arrived() on.
  [[nodiscard]] const auth::InvitationId& came_by() const { return *came_by_; }
  [[nodiscard]] Result<auth::Token> token_of_handshake() const { return tls_->tls().token_of_handshake(); }

  [[nodiscard]] std::string peer() const { return peer_.text(); }
  [[nodiscard]] bool is_free() const { return came_by_ && !local_ && !leaving_; }
  // The line is this socket's: it is told so. Only when free.
  void connect(OwnedFd local, unsigned host);
  // Closes both sides in order; the host is free to come back.
  void leave();
  // Whoever was to sit here does not: if something was said ahead, leaves, as soon as it is known who that is.
  void take_back();
  // The same as leave(), and says to the host that nobody will come back to it.
  void hang_up();

 private:
  // net::TlsJudge
  const auth::InvitationSecret* secret_of(const auth::InvitationId& id) override { return keeper_.secret_of(id); }
  bool accepts(const auth::PublicKey&) override { return false; }  // a key opens nothing here
  std::vector<std::byte> ahead(const auth::InvitationId& id) override;
  // net::TlsSocket::Owner
  void established() override;
  void received(Bytes plain) override;
  void drained() override;
  void broken(const std::string& why, net::TlsSocket::Fault fault) override;
  // net::PlainSocket::Owner
  void received(net::PlainSocket& local, Bytes bytes) override;
  void drained(net::PlainSocket& local) override;
  void broken(net::PlainSocket& local, const std::string& why) override;

  [[nodiscard]] bool check_ahead(Bytes& bytes);
  void await();
  void close();

  boost::asio::io_context& context_;
  Doorkeeper& keeper_;
  OwnedFd socket_;  // until open()
  net::Address peer_;
  std::optional<Doorkeeper::Place> place_;  // until it is known who that is
  Owner& owner_;
  std::unique_ptr<net::TlsSocket> tls_;
  std::optional<auth::InvitationId> came_by_;
  std::unique_ptr<net::PlainSocket> local_;  // who sits at the line
  std::unique_ptr<net::PlainSocket> left_;   // who sat there; on the stack, perhaps
  wire::Splitter said_;                      // what the local side says, for its bye
  std::vector<std::byte> ahead_;             // was said ahead, and not by the local side yet
  std::vector<std::byte> heard_;             // meanwhile, from the host: one read of its socket at most
  bool taken_back_ = false;                  // what was said ahead
  bool detached_ = false;                    // it will come back, or another one
  bool leaving_ = false;
  bool closed_ = false;
  Timer timer_;
};

}  // namespace farpty::door
