#include "net/plain_socket.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#include "net/socket.hpp"

namespace farpty::net {

namespace {
constexpr std::size_t kRead = 64 * 1024;
}  // namespace

PlainSocket::PlainSocket(boost::asio::io_context& context, OwnedFd socket, Owner& owner)
    : socket_(std::move(socket)), owner_(&owner), failing_(context), reading_(context) {}

Result<std::unique_ptr<PlainSocket>> PlainSocket::open(boost::asio::io_context& context, OwnedFd socket, Owner& owner) {
  std::unique_ptr<PlainSocket> opened(new PlainSocket(context, std::move(socket), owner));
  FARPTY_ASSIGN(readiness, Readiness::watch(context, opened->socket_.get()));
  opened->readiness_ = std::move(readiness);
  return opened;
}

void PlainSocket::begin() {
  reading_.run([this] { read(); });
}

void PlainSocket::read() {
  static thread_local std::array<std::byte, kRead> buffer;  // its bytes are used before anyone else reads
  while (!over_ && !held_) {
    const ssize_t count = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return readiness_.when_readable([this] { read(); });
    if (count < 0) return fail(reason_of(errno));
    if (count == 0) return fail("");
    owner_->received(*this, Bytes(buffer).first(static_cast<std::size_t>(count)));
  }
}

void PlainSocket::send(Bytes bytes) {
  if (over_ || finishing_ || bytes.empty()) return;
  if (unsent_.empty()) {
    const ssize_t count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count >= 0) bytes = bytes.subspan(static_cast<std::size_t>(count));
    if (bytes.empty()) return;
    if (count < 0 && errno != EAGAIN && errno != EINTR)
      return failing_.run([this, why = reason_of(errno)] { fail(why); });
    readiness_.when_writable([this] { flush(); });
  }
  if (!unsent_.push(bytes)) failing_.run([this] { fail("it does not read what it is sent"); });
}

void PlainSocket::flush() {
  while (!unsent_.empty()) {
    const ssize_t count = ::send(socket_.get(), unsent_.front().data(), unsent_.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return readiness_.when_writable([this] { flush(); });
    if (count < 0) return fail(reason_of(errno));
    unsent_.pop(static_cast<std::size_t>(count));
  }
  if (finishing_)
    shutdown(socket_.get(), SHUT_WR);
  else
    owner_->drained(*this);
}

void PlainSocket::release() {
  if (!std::exchange(held_, false) || over_) return;
  reading_.run([this] { read(); });
}

void PlainSocket::finish() {
  if (over_ || std::exchange(finishing_, true)) return;
  if (unsent_.empty()) shutdown(socket_.get(), SHUT_WR);
}

void PlainSocket::abandon() {
  over_ = true;
  shutdown(socket_.get(), SHUT_RDWR);  // the other end need not wait for the descriptor to be closed
  failing_.cancel();
  reading_.cancel();
  readiness_.cancel();
}

void PlainSocket::fail(const std::string& why) {
  if (over_) return;
  abandon();
  owner_->broken(*this, why);
}

}  // namespace farpty::net
