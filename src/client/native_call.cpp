#include "client/native_call.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

#include "net/socket.hpp"

namespace farpty::client {

namespace {

// What was sent and not acknowledged for so long ends the connection (tcp(7)), in milliseconds: our own heartbeats notice a
// dead path far earlier, and the old connection stays in the race until then.
constexpr int kUserTimeout = 60'000;

}  // namespace

NativeCall::NativeCall(boost::asio::io_context& context, NativeKeys& keys, Owner& owner)
    : context_(context), keys_(keys), owner_(owner), later_(context) {}

NativeCall::~NativeCall() {
  if (tls_) tls_->abandon();
}

void NativeCall::open(const net::Address& address) {
  auto socket = net::make_socket(address.family());
  if (!socket) return fail(socket.error().message());
  socket_ = std::move(*socket);
  net::tune_terminal_connection(socket_.get());
#if defined(TCP_USER_TIMEOUT)
  setsockopt(socket_.get(), IPPROTO_TCP, TCP_USER_TIMEOUT, &kUserTimeout, sizeof kUserTimeout);
#endif
  auto readiness = Readiness::watch(context_, socket_.get());
  if (!readiness) return fail(readiness.error().message());
  readiness_ = std::move(*readiness);
  if (::connect(socket_.get(), address.get(), address.length) == 0) return later_.run([this] { connected(); });
  if (errno != EINPROGRESS) return fail(reason_of(errno));
  readiness_.when_writable([this] { connected(); });
}

void NativeCall::connected() {
  int code = 0;
  socklen_t length = sizeof code;
  getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &code, &length);
  if (code != 0) return owner_.down(*this, reason_of(code), Verdict::kBroke);
  readiness_ = Readiness();
  auto tls = net::Tls::client(keys_.tls(), *this, keys_.token(), keys_.ticket());
  if (!tls) return owner_.down(*this, tls.error().message(), Verdict::kBroke);
  auto opened = net::TlsSocket::open(context_, std::move(socket_), std::move(*tls), *this);
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

void NativeCall::fail(const std::string& why) {
  later_.run([this, why] { owner_.down(*this, why, Verdict::kBroke); });
}

}  // namespace farpty::client
