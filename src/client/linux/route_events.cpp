#include "client/route_events.hpp"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

namespace farpty::client {

Result<OwnedFd> open_route_events() {
  OwnedFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket) return os_error("cannot make", "a netlink socket");
  sockaddr_nl events{};
  events.nl_family = AF_NETLINK;
  events.nl_groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE;
  if (bind(socket.get(), reinterpret_cast<const sockaddr*>(&events), sizeof events) != 0)
    return os_error("cannot listen to", "changes of routes");
  return socket;
}

}  // namespace farpty::client
