#include "client/network_watch.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <utility>

#if defined(__linux__)
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#endif

#include "base/log.hpp"

namespace farpty::client {

#if defined(__linux__)

namespace {

Result<OwnedFd> route_events() {
  OwnedFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket) return os_error("cannot make", "a netlink socket");
  sockaddr_nl events{};
  events.nl_family = AF_NETLINK;
  events.nl_groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE;
  if (bind(socket.get(), reinterpret_cast<const sockaddr*>(&events), sizeof events) != 0)
    return os_error("cannot listen to", "changes of routes");
  return socket;
}

}  // namespace

NetworkWatch::NetworkWatch(boost::asio::io_context& context, std::function<void()> changed)
    : changed_(std::move(changed)) {
  if (const auto opened = open(context); !opened)
    log::debug("changes of the network are not told: {}", opened.error().message());
}

Result<> NetworkWatch::open(boost::asio::io_context& context) {
  FARPTY_ASSIGN(socket, route_events());
  FARPTY_ASSIGN(readiness, Readiness::watch(context, socket.get()));
  socket_ = std::move(socket);
  readiness_ = std::move(readiness);
  wait();
  return {};
}

void NetworkWatch::wait() {
  readiness_.when_readable([this] { drain(); });
}

void NetworkWatch::drain() {
  std::array<std::byte, 8192> message;  // netlink(7): as large as a page, at most 8 KiB; what is longer is cut
  ssize_t count = 0;
  do count = recv(socket_.get(), message.data(), message.size(), 0);
  while (count > 0 || (count < 0 && (errno == EINTR || errno == ENOBUFS)));  // ENOBUFS: there were more than it keeps
  wait();
  changed_();
}

#else

NetworkWatch::NetworkWatch(boost::asio::io_context&, std::function<void()> changed) : changed_(std::move(changed)) {}
Result<> NetworkWatch::open(boost::asio::io_context&) { return {}; }
void NetworkWatch::wait() {}
void NetworkWatch::drain() {}

#endif

}  // namespace farpty::client
