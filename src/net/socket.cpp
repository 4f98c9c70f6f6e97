#include "net/socket.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstring>

namespace farpty::net {

namespace {

constexpr int kNotSentLowWater = 16 * 1024;  // bytes; tcp(7) TCP_NOTSENT_LOWAT
constexpr int kBulkNotSent = 256 * 1024;     // the same, where nobody waits for a keystroke's answer
constexpr int kKeepAliveIdle = 30;           // seconds of silence before the first probe
constexpr int kKeepAliveInterval = 10;       // seconds between probes
constexpr int kKeepAliveCount = 3;           // unanswered probes that end the connection

[[maybe_unused]] void set(int socket, int level, int option, int value) {
  // An option that this kernel or address family lacks costs comfort, not correctness.
  setsockopt(socket, level, option, &value, sizeof value);
}

}  // namespace

Result<> make_private_and_nonblocking(int fd) {
  const int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
    return os_error("cannot set flags of", "descriptor " + std::to_string(fd));
  return {};
}

Result<OwnedFd> make_socket(int family) {
#if defined(__linux__)
  OwnedFd socket(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return os_error("cannot make", "a socket");
#else
  OwnedFd socket(::socket(family, SOCK_STREAM, 0));  // lint-allow(cloexec): set below, there is no flag for it
  if (!socket) return os_error("cannot make", "a socket");
  FARPTY_TRY(make_private_and_nonblocking(socket.get()));
  set(socket.get(), SOL_SOCKET, SO_NOSIGPIPE, 1);
#endif
  return socket;
}

Result<OwnedFd> accept_socket(int listening) {
#if defined(__linux__)
  OwnedFd socket(::accept4(listening, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!socket) return os_error("cannot accept", "a connection");
#else
  OwnedFd socket(::accept(listening, nullptr, nullptr));  // lint-allow(cloexec): set below
  if (!socket) return os_error("cannot accept", "a connection");
  FARPTY_TRY(make_private_and_nonblocking(socket.get()));
#endif
  return socket;
}

void tune_terminal_connection(int socket) {
  set(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  set(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  // Urgent data stays in its place in the stream: telnet's Synch sends half of a command as urgent (RFC 854).
  set(socket, SOL_SOCKET, SO_OOBINLINE, 1);
#if defined(__linux__)
  set(socket, IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveIdle);
  set(socket, IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveInterval);
  set(socket, IPPROTO_TCP, TCP_KEEPCNT, kKeepAliveCount);
  set(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, kNotSentLowWater);
#if defined(TCP_CM_INQ)
  set(socket, IPPROTO_TCP, TCP_INQ, 1);
#endif
#endif
}

void tune_bulk_connection([[maybe_unused]] int socket) {
#if defined(__linux__)
  set(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, kBulkNotSent);
#endif
}

Received receive(int socket, MutableBytes into) {
  iovec part{.iov_base = into.data(), .iov_len = into.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t count = 0;
  do count = recvmsg(socket, &message, 0);
  while (count < 0 && errno == EINTR);
  if (count < 0) return {.code = errno};
  Received received{.count = static_cast<std::size_t>(count)};
#if defined(TCP_CM_INQ)
  for (cmsghdr* part_of = CMSG_FIRSTHDR(&message); part_of != nullptr; part_of = CMSG_NXTHDR(&message, part_of)) {
    if (part_of->cmsg_level != SOL_TCP || part_of->cmsg_type != TCP_CM_INQ) continue;
    int left = 1;
    std::memcpy(&left, CMSG_DATA(part_of), sizeof left);
    received.more = left != 0;
  }
#endif
  return received;
}

}  // namespace farpty::net
