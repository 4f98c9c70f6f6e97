#include "net/dial.hpp"

#include <poll.h>
#include <sys/socket.h>

#include "net/address.hpp"
#include "net/socket.hpp"

namespace farpty::net {

namespace {

constexpr int kConnectTimeout = 10'000;  // milliseconds for each address

Result<OwnedFd> dial_address(const Address& address, const std::string& name) {
  FARPTY_ASSIGN(socket, make_socket(address.family()));
  if (connect(socket.get(), address.get(), address.length) == 0) return socket;
  if (errno != EINPROGRESS) return os_error("cannot connect to", name);
  pollfd wait{.fd = socket.get(), .events = POLLOUT, .revents = 0};
  const int ready = poll(&wait, 1, kConnectTimeout);
  if (ready < 0) return os_error("cannot connect to", name);
  if (ready == 0) return os_error("cannot connect to", name, ETIMEDOUT);
  int code = 0;
  socklen_t length = sizeof code;
  getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &code, &length);
  if (code != 0) return os_error("cannot connect to", name, code);
  return socket;
}

}  // namespace

Result<OwnedFd> dial(const Url& url) {
  FARPTY_ASSIGN(addresses, resolve(url, Purpose::kDial));
  Result<OwnedFd> socket = failure("cannot connect to", url.text(), "it has no address");
  for (const Address& address : addresses) {
    socket = dial_address(address, url.text());
    if (socket) {
      if (!url.unix_socket) tune_terminal_connection(socket->get());
      return socket;
    }
  }
  if (socket.error().code == ECONNREFUSED) socket.error().hint = "is farpty serve running there?";
  return socket;
}

}  // namespace farpty::net
