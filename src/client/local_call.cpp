#include "client/local_call.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "control/messages.hpp"
#include "net/peer_socket.hpp"
#include "net/socket.hpp"

namespace farpty::client {

namespace {
constexpr const char* kNoListener = "the listener is no more";
}  // namespace

LocalCall::LocalCall(boost::asio::io_context& context, unsigned host, Call::Owner& owner)
    : context_(context), host_(host), owner_(owner), later_(context) {}

LocalCall::~LocalCall() {
  if (socket_) socket_->abandon();
}

void LocalCall::open(const net::Address& address) {
  const auto reached = reach(address);
  if (reached) return;
  const int code = reached.error().code;
  if (code == ENOENT || code == ECONNREFUSED) return fail(kNoListener, Verdict::kRefused);
  fail(reached.error().message(), code == EAGAIN ? Verdict::kBroke : Verdict::kRefused);
}

Result<> LocalCall::reach(const net::Address& address) {
  FARPTY_ASSIGN(socket, net::make_socket(AF_UNIX));
  if (::connect(socket.get(), address.get(), address.length) != 0) return os_error("cannot connect to", "the listener");
  FARPTY_ASSIGN(uid, net::peer_uid(socket.get()));
  if (uid != geteuid()) return failure("cannot trust", "the listener", "it is another user's");
  net::PlainSocket::Owner& owner = *this;
  FARPTY_ASSIGN(opened, net::PlainSocket::open(context_, std::move(socket), owner));
  socket_ = std::move(opened);
  socket_->send(as_bytes(control::encode(control::AttachRequest{.host = host_})));
  socket_->begin();
  return {};
}

void LocalCall::received(net::PlainSocket&, Bytes bytes) {
  if (over_) return;
  if (up_) return owner_.received(*this, bytes);
  const std::string_view text = as_text(bytes);
  const auto end = text.find('\n');
  answer_ += text.substr(0, end);
  if (end == std::string_view::npos) {
    if (answer_.size() > control::kMaxRequest) fail("the listener's answer has no end", Verdict::kRefused);
    return;
  }
  if (const auto attached = control::decode_attached(answer_); !attached)
    return fail(attached.error().reason, Verdict::kRefused);
  up_ = true;
  owner_.up(*this);
  if (const Bytes rest = bytes.subspan(end + 1); !rest.empty()) owner_.received(*this, rest);
}

void LocalCall::broken(net::PlainSocket&, const std::string& why) {
  if (std::exchange(over_, true)) return;
  owner_.down(*this, why, Verdict::kBroke);
}

void LocalCall::fail(const std::string& why, Verdict verdict) {
  if (std::exchange(over_, true)) return;
  if (socket_) socket_->abandon();
  later_.run([this, why, verdict] { owner_.down(*this, why, verdict); });
}

Result<std::unique_ptr<LocalKeys>> LocalKeys::make(unsigned host) {
  FARPTY_ASSIGN(tls, net::TlsContext::client(nullptr));
  return std::unique_ptr<LocalKeys>(new LocalKeys(host, std::move(tls)));
}

std::unique_ptr<Call> LocalKeys::call(boost::asio::io_context& context, Call::Owner& owner) {
  return std::make_unique<LocalCall>(context, host_, owner);
}

}  // namespace farpty::client
