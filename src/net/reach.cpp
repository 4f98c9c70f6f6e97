#include "net/reach.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#include "net/socket.hpp"

namespace farpty::net {

namespace {

// What was sent and not acknowledged for so long ends the connection (tcp(7)), in milliseconds: our own heartbeats notice a
// dead path far earlier, and the old connection stays in the race until then.
constexpr int kUserTimeout = 60'000;

}  // namespace

void Reach::open(const Address& address, const Tunnel* tunnel, Then then) {
  then_ = std::move(then);
  tunnel_ = tunnel;
  if (auto begun = begin(address); !begun)
    later_.run([this, error = std::move(begun).error()] { end(std::unexpected(error)); });
}

Result<> Reach::begin(const Address& address) {
  FARPTY_ASSIGN(socket, make_socket(address.family()));
  socket_ = std::move(socket);
  tune_terminal_connection(socket_.get());
#if defined(TCP_USER_TIMEOUT)
  setsockopt(socket_.get(), IPPROTO_TCP, TCP_USER_TIMEOUT, &kUserTimeout, sizeof kUserTimeout);
#endif
  FARPTY_ASSIGN(readiness, Readiness::watch(context_, socket_.get()));
  readiness_ = std::move(readiness);
  if (::connect(socket_.get(), address.get(), address.length) == 0) {
    later_.run([this] { connected(); });
    return {};
  }
  if (errno != EINPROGRESS) return os_error("cannot connect to", address.text());
  readiness_.when_writable([this] { connected(); });
  return {};
}

void Reach::connected() {
  int code = 0;
  socklen_t length = sizeof code;
  getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &code, &length);
  if (code != 0) {
    const std::string proxy = tunnel_ != nullptr ? "the proxy " + tunnel_->name() + ": " : "";
    return end(failure("cannot connect to", "", proxy + reason_of(code)));
  }
  if (tunnel_ == nullptr) return end(std::move(socket_));
  const auto request = tunnel_->request();
  if (!request_.push(request))
    return end(failure("cannot connect to", "", "what is to be said to the proxy is too long"));
  ask_proxy();
}

void Reach::ask_proxy() {
  while (!request_.empty()) {
    const ssize_t count = ::send(socket_.get(), request_.front().data(), request_.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return readiness_.when_writable([this] { ask_proxy(); });
    if (count < 0) return end(os_error("cannot connect to", ""));
    request_.pop(static_cast<std::size_t>(count));
  }
  hear_proxy();
}

void Reach::hear_proxy() {
  std::array<char, 1024> part{};
  while (true) {
    const ssize_t count = ::recv(socket_.get(), part.data(), part.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return readiness_.when_readable([this] { hear_proxy(); });
    if (count < 0) return end(os_error("cannot connect to", ""));
    if (count == 0)
      return end(failure("cannot connect to", "", "the proxy " + tunnel_->name() + " closed the connection"));
    answer_.append(part.data(), static_cast<std::size_t>(count));
    const auto understood = tunnel_->understand(answer_);
    if (!understood) return end(std::unexpected(understood.error()));
    if (*understood) return end(std::move(socket_));
  }
}

void Reach::end(Result<OwnedFd> result) {
  readiness_ = Readiness();
  if (!result && result.error().reason.empty()) result.error().reason = reason_of(result.error().code);
  const auto then = std::exchange(then_, nullptr);
  then(std::move(result));
}

}  // namespace farpty::net
