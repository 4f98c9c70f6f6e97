// What a service manager is told, and what it hands over: the protocols of sd_notify(3) and sd_listen_fds(3), spoken
// directly. Without a service manager these do nothing.
#pragma once

#include <string_view>
#include <vector>

#include "base/owned_fd.hpp"
#include "base/result.hpp"
#include "net/url.hpp"

namespace farpty::app {

// "READY=1", "STOPPING=1", "STATUS=...". Failures are ignored: nobody is there who could act on them.
void notify(std::string_view state);

// "RELOADING=1" with the time stamp that Type=notify-reload wants; READY=1 follows when it is done.
void notify_reloading();

struct InheritedSocket {
  OwnedFd socket;
  net::Protocol protocol = net::Protocol::kRaw;
};

// Listening sockets from socket activation; FileDescriptorName= says which protocol each one speaks ("raw", "telnet").
Result<std::vector<InheritedSocket>> inherited_sockets();

}  // namespace farpty::app
