#include "client/network_watch.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <utility>

#include "base/log.hpp"
#include "client/route_events.hpp"

namespace farpty::client {

NetworkWatch::NetworkWatch(boost::asio::io_context& context, std::function<void()> changed)
    : changed_(std::move(changed)) {
  if (const auto opened = open(context); !opened)
    log::debug("changes of the network are not told: {}", opened.error().message());
}

Result<> NetworkWatch::open(boost::asio::io_context& context) {
  FARPTY_ASSIGN(socket, open_route_events());
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

}  // namespace farpty::client
