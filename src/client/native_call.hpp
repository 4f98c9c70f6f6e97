// NativeCall: a call over the network: TCP, TLS, and whether the server is the one that it was. And what every call needs to
// know of who we are and whom we want: NativeKeys.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <boost/asio/io_context.hpp>

#include "auth/ed25519.hpp"
#include "auth/token.hpp"
#include "client/call.hpp"
#include "net/address.hpp"
#include "net/reach.hpp"
#include "net/tls_socket.hpp"

namespace farpty::client {

// With what a client comes in, and which server it wants. Outlives the calls.
class NativeKeys {
 public:
  virtual ~NativeKeys() = default;
  [[nodiscard]] virtual const net::TlsContext& tls() const = 0;
  [[nodiscard]] virtual const auth::Token* token() const = 0;  // null: by key
  // With what who has a key comes back; null: by a full handshake.
  [[nodiscard]] virtual const net::TlsTicket* ticket() const = 0;
  virtual void keep(net::TlsTicket ticket) = 0;
  // The server gave a guest something to come back with, in place of the invitation.
  virtual void renew(auth::Token token) = 0;
  // Asked during the handshake, before the server has proved to hold the key.
  virtual bool accepts(const auth::PublicKey& server) = 0;
  // The proxy that leads there; null: there is none.
  [[nodiscard]] virtual const net::Tunnel* tunnel() const { return nullptr; }
  // The next attempt: over the network, where nothing else is said.
  virtual std::unique_ptr<Call> call(boost::asio::io_context& context, Call::Owner& owner);
};

class NativeCall final : public Call, private net::TlsSocket::Owner, private net::TlsJudge {
 public:
  NativeCall(boost::asio::io_context& context, NativeKeys& keys, Call::Owner& owner);
  ~NativeCall() override;

  void open(const net::Address& address) override;
  void send(Bytes plain) override { tls_->send(plain); }
  void finish() override { tls_->finish(); }
  void carry_bulk() override { tls_->carry_bulk(); }
  [[nodiscard]] bool is_up() const override { return up_; }
  [[nodiscard]] std::size_t room() const override { return tls_ ? tls_->room() : 0; }

 private:
  void connected(Result<OwnedFd> socket);

  // net::TlsJudge
  bool accepts(const auth::PublicKey& key) override { return keys_.accepts(key); }
  void keep(net::TlsTicket ticket) override { keys_.keep(std::move(ticket)); }
  // net::TlsSocket::Owner
  void established() override;
  void received(Bytes plain) override { owner_.received(*this, plain); }
  void drained() override { owner_.drained(*this); }
  void broken(const std::string& why, net::TlsSocket::Fault fault) override;

  boost::asio::io_context& context_;
  NativeKeys& keys_;
  Call::Owner& owner_;
  net::Reach reach_;
  std::unique_ptr<net::TlsSocket> tls_;
  bool up_ = false;
};

}  // namespace farpty::client
