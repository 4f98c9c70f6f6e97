#include "net/socket.hpp"

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

void set(int socket, int level, int option, int value) {
  // An option that this kernel or address family lacks costs comfort, not correctness.
  setsockopt(socket, level, option, &value, sizeof value);
}

}  // namespace

Result<OwnedFd> make_socket(int family) {
  OwnedFd socket(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return os_error("cannot make", "a socket");
  return socket;
}

Result<OwnedFd> accept_socket(int listening) {
  OwnedFd socket(::accept4(listening, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!socket) return os_error("cannot accept", "a connection");
  return socket;
}

void tune_terminal_connection(int socket) {
  set(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  set(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  // Urgent data stays in its place in the stream: telnet's Synch sends half of a command as urgent (RFC 854).
  set(socket, SOL_SOCKET, SO_OOBINLINE, 1);
  set(socket, IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveIdle);
  set(socket, IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveInterval);
  set(socket, IPPROTO_TCP, TCP_KEEPCNT, kKeepAliveCount);
  set(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, kNotSentLowWater);
#if defined(TCP_CM_INQ)
  set(socket, IPPROTO_TCP, TCP_INQ, 1);
#endif
}

void tune_bulk_connection(int socket) { set(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, kBulkNotSent); }

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
