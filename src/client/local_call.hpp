// LocalCall: a call to a host that dialled in at a listener of this user on this machine (farpty listen): over the listener's
// control socket (control/messages.hpp: attach), which becomes the line to the host when that is free.
//
// The kernel says that the listener is the same user; who the host is was the listener's to find out. The answer may come
// late: a host that is away comes back, or does not.
#pragma once

#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

#include "client/native_call.hpp"
#include "net/plain_socket.hpp"

namespace farpty::client {

class LocalCall final : public Call, private net::PlainSocket::Owner {
 public:
  LocalCall(boost::asio::io_context& context, unsigned host, Call::Owner& owner);
  ~LocalCall() override;

  void open(const net::Address& address) override;
  void send(Bytes plain) override { socket_->send(plain); }
  void finish() override { socket_->finish(); }
  void carry_bulk() override {}
  [[nodiscard]] bool is_up() const override { return up_; }
  [[nodiscard]] std::size_t room() const override { return socket_ ? socket_->room() : 0; }

 private:
  Result<> reach(const net::Address& address);
  void fail(const std::string& why, Verdict verdict);

  // net::PlainSocket::Owner
  void received(net::PlainSocket& socket, Bytes bytes) override;
  void drained(net::PlainSocket&) override { owner_.drained(*this); }
  void broken(net::PlainSocket& socket, const std::string& why) override;

  boost::asio::io_context& context_;
  unsigned host_;
  Call::Owner& owner_;
  std::unique_ptr<net::PlainSocket> socket_;
  std::string answer_;  // the listener's, as far as it has come
  Later later_;
  bool up_ = false;
  bool over_ = false;
};

// The keys of whoever goes that way: none.
class LocalKeys final : public NativeKeys {
 public:
  static Result<std::unique_ptr<LocalKeys>> make(unsigned host);

  [[nodiscard]] const net::TlsContext& tls() const override { return tls_; }
  [[nodiscard]] const auth::Token* token() const override { return nullptr; }
  [[nodiscard]] const net::TlsTicket* ticket() const override { return nullptr; }
  void keep(net::TlsTicket) override {}
  void renew(auth::Token) override {}
  bool accepts(const auth::PublicKey&) override { return false; }
  std::unique_ptr<Call> call(boost::asio::io_context& context, Call::Owner& owner) override;

 private:
  LocalKeys(unsigned host, net::TlsContext tls) : host_(host), tls_(std::move(tls)) {}

  unsigned host_;
  net::TlsContext tls_;  // of no use: nothing goes over the network
};

}  // namespace farpty::client
