#include "net/socket.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

namespace farpty::net {

namespace {

// As on Linux (net/linux/socket.cpp); the names are of Apple's tcp(4).
constexpr int kNotSentLowWater = 16 * 1024;
constexpr int kBulkNotSent = 256 * 1024;
constexpr int kKeepAliveIdle = 30;
constexpr int kKeepAliveInterval = 10;
constexpr int kKeepAliveCount = 3;

void set(int socket, int level, int option, int value) { setsockopt(socket, level, option, &value, sizeof value); }

// No call makes a socket with these flags: a program that another thread starts in between would inherit it. We have one thread.
Result<OwnedFd> made_ours(OwnedFd socket) {
  FARPTY_TRY(make_private_and_nonblocking(socket.get()));
  set(socket.get(), SOL_SOCKET, SO_NOSIGPIPE, 1);
  return socket;
}

}  // namespace

Result<OwnedFd> make_socket(int family) {
  OwnedFd socket(::socket(family, SOCK_STREAM, 0));  // lint-allow(cloexec): made_ours() sets it
  if (!socket) return os_error("cannot make", "a socket");
  return made_ours(std::move(socket));
}

Result<OwnedFd> accept_socket(int listening) {
  OwnedFd socket(::accept(listening, nullptr, nullptr));  // lint-allow(cloexec): made_ours() sets it
  if (!socket) return os_error("cannot accept", "a connection");
  return made_ours(std::move(socket));
}

void tune_terminal_connection(int socket) {
  set(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  set(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  set(socket, SOL_SOCKET, SO_OOBINLINE, 1);
  set(socket, IPPROTO_TCP, TCP_KEEPALIVE, kKeepAliveIdle);
  set(socket, IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveInterval);
  set(socket, IPPROTO_TCP, TCP_KEEPCNT, kKeepAliveCount);
  set(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, kNotSentLowWater);
}

void tune_bulk_connection(int socket) { set(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, kBulkNotSent); }

Received receive(int socket, MutableBytes into) {
  ssize_t count = 0;
  do count = recv(socket, into.data(), into.size(), 0);
  while (count < 0 && errno == EINTR);
  if (count < 0) return {.code = errno};
  return {.count = static_cast<std::size_t>(count)};
}

}  // namespace farpty::net
