#include "net/tls_socket.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#include "net/socket.hpp"

namespace farpty::net {

namespace {

constexpr std::size_t kRead = 64 * 1024;
// Who asks for room first may still go beyond it, by a frame and by what TLS adds. That alone must not stop both ends from reading,
// each until the other reads.
constexpr std::size_t kBeyondRoom = 80 * 1024;

// Scratch of a loop's thread: nothing stays in it between two calls, so an idle connection has no buffers.
std::vector<std::byte>& scratch(std::size_t which) {
  static thread_local std::array<std::vector<std::byte>, 3> buffers;
  return buffers[which];
}

}  // namespace

TlsSocket::TlsSocket(boost::asio::io_context& context, OwnedFd socket, std::unique_ptr<Tls> tls, Owner& owner)
    : socket_(std::move(socket)), tls_(std::move(tls)), owner_(&owner), later_(context), reading_(context) {}

Result<std::unique_ptr<TlsSocket>> TlsSocket::open(boost::asio::io_context& context, OwnedFd socket,
                                                   std::unique_ptr<Tls> tls, Owner& owner) {
  std::unique_ptr<TlsSocket> opened(new TlsSocket(context, std::move(socket), std::move(tls), owner));
  FARPTY_ASSIGN(readiness, Readiness::watch(context, opened->socket_.get()));
  opened->readiness_ = std::move(readiness);
  return opened;
}

void TlsSocket::begin() {
  auto& out = scratch(1);
  out.clear();
  if (const auto begun = tls_->begin(out); !begun) return fail(begun.error().reason);
  transmit(out);
  read();
}

void TlsSocket::read() {
  while (!over_) {
    paused_ = unsent_.size() > max_unsent_ + kBeyondRoom && !finishing_;
    if (paused_ || (held_ && !finishing_)) return;  // flush() or release() goes on
    auto& wire = scratch(0);
    if (wire.size() < kRead) wire.resize(kRead);
    const auto got = receive(socket_.get(), wire);
    if (got.code == EAGAIN) break;
    if (got.code != 0) return fail(reason_of(got.code));
    if (got.count == 0)
      return fail(tls_->peer_closed() || finishing_ ? ""
                  : tls_->established()             ? "the connection was cut off"
                                                    : "it closed the connection");
    take(Bytes(wire).first(got.count));
    if (over_ || !got.more) break;
  }
  if (!over_) readiness_.when_readable([this] { read(); });
}

void TlsSocket::take(Bytes wire) {
  auto& plain = scratch(2);
  auto& out = scratch(1);
  plain.clear();
  out.clear();
  const bool was_established = tls_->established();
  const auto done = tls_->receive(wire, plain, out);
  transmit(out);
  if (over_) return;
  // Moved out while it is in use: the owner may send, and another connection of this thread may be called from there.
  auto said = std::exchange(plain, {});
  if (!was_established && tls_->established()) owner_->established();
  if (!over_ && !said.empty() && !finishing_) owner_->received(said);
  scratch(2) = std::move(said);
  if (!over_ && !done) fail(done.error().reason, tls_->peer_broke_off() ? Fault::kNobodys : Fault::kPeers);
}

void TlsSocket::send(Bytes plain) {
  if (over_ || finishing_) return;
  auto& out = scratch(1);
  auto wire = std::exchange(out, {});
  wire.clear();
  const auto sent = tls_->send(plain, wire);
  transmit(wire);
  scratch(1) = std::move(wire);
  if (!sent) later_.run([this, why = sent.error().reason] { fail(why); });
}

void TlsSocket::transmit(Bytes wire) {
  if (wire.empty() || over_) return;
  if (unsent_.empty()) {
    const ssize_t count = ::send(socket_.get(), wire.data(), wire.size(), MSG_NOSIGNAL);
    if (count >= 0) wire = wire.subspan(static_cast<std::size_t>(count));
    if (wire.empty()) return;
    if (count < 0 && errno != EAGAIN && errno != EINTR)
      return later_.run([this, why = reason_of(errno)] { fail(why); });
    readiness_.when_writable([this] { flush(); });
  }
  if (!unsent_.push(wire)) later_.run([this] { fail("it does not read what it is sent", Fault::kPeers); });
}

void TlsSocket::flush() {
  while (!unsent_.empty()) {
    const ssize_t count = ::send(socket_.get(), unsent_.front().data(), unsent_.size(), MSG_NOSIGNAL);
    if (count < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN) return fail(reason_of(errno));
      readiness_.when_writable([this] { flush(); });
      break;
    }
    unsent_.pop(static_cast<std::size_t>(count));
  }
  if (unsent_.empty()) {
    if (finishing_)
      shutdown(socket_.get(), SHUT_WR);
    else
      owner_->drained();
  }
  if (!over_ && std::exchange(paused_, false)) read();
}

void TlsSocket::release() {
  if (!std::exchange(held_, false) || over_) return;
  reading_.run([this] { read(); });
}

void TlsSocket::finish() {
  if (over_ || finishing_) return;
  auto& out = scratch(1);
  auto wire = std::exchange(out, {});
  wire.clear();
  tls_->close(wire);
  transmit(wire);
  finishing_ = true;
  if (unsent_.empty()) shutdown(socket_.get(), SHUT_WR);
  if (std::exchange(paused_, false) || std::exchange(held_, false)) reading_.run([this] { read(); });
}

void TlsSocket::carry_bulk() {
  max_unsent_ = kMaxUnsentBulk;
  tune_bulk_connection(socket_.get());
}

void TlsSocket::abandon() {
  over_ = true;
  later_.cancel();
  reading_.cancel();
  readiness_.cancel();
}

bool TlsSocket::input_waits() const {
  pollfd socket{.fd = socket_.get(), .events = POLLIN, .revents = 0};
  return poll(&socket, 1, 0) > 0;
}

void TlsSocket::fail(std::string why, Fault fault) {
  if (over_) return;
  over_ = true;
  later_.cancel();
  reading_.cancel();
  readiness_.cancel();
  owner_->broken(finishing_ ? "" : why, fault);
}

}  // namespace farpty::net
