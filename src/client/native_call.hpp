// NativeCall: one attempt to reach a native server and, where it succeeds, the connection: TCP, TLS, and whether the server
// is the one that it was. No call blocks.
//
// What is said over it is for native_talk.hpp. Invariant: up() comes before any received(); down() is the last call, and
// comes in a later round of the event loop than open().
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <boost/asio/io_context.hpp>

#include "auth/ed25519.hpp"
#include "auth/token.hpp"
#include "net/address.hpp"
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
};

class NativeCall final : private net::TlsSocket::Owner, private net::TlsJudge {
 public:
  // Whether another attempt may fare better: kRefused, one of the ends did not accept who the other is.
  enum class Verdict { kBroke, kRefused };

  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void up(NativeCall& call) = 0;
    virtual void received(NativeCall& call, Bytes plain) = 0;
    virtual void drained(NativeCall& call) = 0;
    virtual void down(NativeCall& call, const std::string& why, Verdict verdict) = 0;
  };

  NativeCall(boost::asio::io_context& context, NativeKeys& keys, Owner& owner);
  NativeCall(const NativeCall&) = delete;
  NativeCall& operator=(const NativeCall&) = delete;
  ~NativeCall() override;

  void open(const net::Address& address);

  void send(Bytes plain) { tls_->send(plain); }  // only when up
  void finish() { tls_->finish(); }
  void carry_bulk() { tls_->carry_bulk(); }  // only when up
  [[nodiscard]] bool is_up() const { return up_; }
  [[nodiscard]] std::size_t room() const { return tls_ ? tls_->room() : 0; }  // bytes that it takes now

 private:
  void connected();
  void fail(const std::string& why);

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
  Owner& owner_;
  OwnedFd socket_;  // until it is connected
  Readiness readiness_;
  std::unique_ptr<net::TlsSocket> tls_;
  Later later_;
  bool up_ = false;
};

}  // namespace farpty::client
