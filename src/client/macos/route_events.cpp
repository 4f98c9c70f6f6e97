#include "client/route_events.hpp"

#include <sys/socket.h>

#include "net/socket.hpp"

namespace farpty::client {

Result<OwnedFd> open_route_events() {
  OwnedFd socket(::socket(PF_ROUTE, SOCK_RAW, 0));  // lint-allow(cloexec): set below, there is no flag for it
  if (!socket) return os_error("cannot listen to", "changes of routes");
  FARPTY_TRY(net::make_private_and_nonblocking(socket.get()));
  return socket;
}

}  // namespace farpty::client
