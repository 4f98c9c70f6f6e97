#include "client/native_call.hpp"

namespace farpty::client {

std::unique_ptr<Call> NativeKeys::call(boost::asio::io_context& context, Call::Owner& owner) {
  return std::make_unique<NativeCall>(context, *this, owner);
}

NativeCall::NativeCall(boost::asio::io_context& context, NativeKeys& keys, Call::Owner& owner)
    : context_(context), keys_(keys), owner_(owner), reach_(context) {}

NativeCall::~NativeCall() {
  if (tls_) tls_->abandon();
}

void NativeCall::open(const net::Address& address) {
  reach_.open(address, keys_.tunnel(), [this](Result<OwnedFd> socket) { connected(std::move(socket)); });
}

void NativeCall::connected(Result<OwnedFd> socket) {
  if (!socket) return owner_.down(*this, socket.error().reason, Verdict::kBroke);
  auto tls = net::Tls::client(keys_.tls(), *this, keys_.token(), keys_.ticket());
  if (!tls) return owner_.down(*this, tls.error().message(), Verdict::kBroke);
  auto opened = net::TlsSocket::open(context_, std::move(*socket), std::move(*tls), *this);
  if (!opened) return owner_.down(*this, opened.error().message(), Verdict::kBroke);
  tls_ = std::move(*opened);
  tls_->begin();
}

void NativeCall::established() {
  up_ = true;
  owner_.up(*this);
}

void NativeCall::broken(const std::string& why, net::TlsSocket::Fault fault) {
  const bool refused = !up_ && (fault == net::TlsSocket::Fault::kPeers || tls_->tls().peer_broke_off());
  owner_.down(*this, why, refused ? Verdict::kRefused : Verdict::kBroke);
}

}  // namespace farpty::client
