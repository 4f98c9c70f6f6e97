#include "door/door.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>

#include <fmt/format.h>
#include <boost/asio/post.hpp>

#include "base/log.hpp"
#include "door/native.hpp"
#include "door/raw.hpp"
#include "door/telnet.hpp"
#include "net/address.hpp"

namespace farpty::door {

namespace {

OwnedFd open_reserve() { return OwnedFd(open("/dev/null", O_RDONLY | O_CLOEXEC)); }

// To a peer that is not served: one line, and the end. Not read from: what it sent may reset the connection, but Linux
// still hands it what had arrived.
void refuse(int socket, const std::string& message) {
  const std::string line = "farpty: " + message + "\r\n";
  // If even one line does not fit, nobody reads it.
  (void)!::send(socket, line.data(), line.size(), MSG_NOSIGNAL);
  shutdown(socket, SHUT_WR);
}

}  // namespace

Door::Door(Shared& shared, net::Listener listener, std::shared_ptr<const Settings> settings,
           std::function<void()> emptied)
    : shared_(shared),
      listener_(std::move(listener)),
      settings_(std::move(settings)),
      emptied_(std::move(emptied)),
      reserve_(open_reserve()) {}

Result<std::unique_ptr<Door>> Door::open(Shared& shared, net::Listener listener,
                                         std::shared_ptr<const Settings> settings, std::function<void()> emptied) {
  std::unique_ptr<Door> door(new Door(shared, std::move(listener), std::move(settings), std::move(emptied)));
  Door* const self = door.get();
  FARPTY_ASSIGN(acceptor, net::Acceptor::open(shared.loop.context, door->listener_.fd(),
                                              {.accept = [self] { return self->listener_.accept(); },
                                               .welcome = [self](OwnedFd socket) { self->welcome(std::move(socket)); },
                                               .failed = [self](const Error& error) { self->failed(error); }}));
  door->acceptor_ = std::move(acceptor);
  return door;
}

void Door::stop_listening() {
  acceptor_->stop();
  const auto closed = std::move(listener_);
}

void Door::welcome(OwnedFd socket) {
  if (url().protocol == net::Protocol::kFarpty) return welcome_native(std::move(socket));
  auto pass = shared_.gate.admit(socket.get(), shared_.registry.count());
  if (!pass) {
    const std::string peer = net::peer_text(socket.get()), why = pass.error().message();
    log::event(log::Level::warn, "refused", {{"door", url().text()}, {"peer", peer}, {"reason", why}},
               fmt::format("{} refused at {}: {}", peer, url().text(), why));
    return refuse(socket.get(), pass.error().message());
  }
  if (url().protocol == net::Protocol::kRaw)
    take_in(std::make_unique<RawConnection>(shared_, settings_, std::move(socket), std::move(*pass), when_closed()));
  else
    take_in(std::make_unique<TelnetConnection>(shared_, settings_, std::move(socket), std::move(*pass), when_closed()));
}

void Door::welcome_native(OwnedFd socket) {
  auto place = shared_.keeper->knock(net::peer_address(socket.get()));
  if (!place) {
    const std::string peer = net::peer_text(socket.get()), why = place.error().message();
    return log::event(log::Level::warn, "refused", {{"door", url().text()}, {"peer", peer}, {"reason", why}},
                      fmt::format("{} turned away: {}", peer, why));
  }
  take_in(std::make_unique<NativeConnection>(shared_, settings_, std::move(socket), std::move(*place), when_closed()));
}

// Not at once: the connection itself is still on the stack then.
std::function<void(Guest&)> Door::when_closed() {
  return [this](Guest& guest) { boost::asio::post(shared_.loop.context, [this, key = &guest] { remove(key); }); };
}

void Door::take_in(std::unique_ptr<Guest> guest) {
  Guest* const opened = guest.get();
  connections_[opened] = std::move(guest);
  if (const auto done = opened->open(); !done) {
    log::error("{}: {}", opened->name(), done.error().message());
    remove(opened);
  }
}

void Door::remove(const Guest* guest) {
  connections_.erase(guest);
  if (connections_.empty()) emptied_();
}

void Door::refuse_without_descriptors() {
  reserve_.reset();
  if (const auto socket = listener_.accept()) {
    log::error("{} refused at {}: no descriptors left (raise LimitNOFILE or ulimit -n)", net::peer_text(socket->get()),
               url().text());
    refuse(socket->get(), "this server has no descriptors left; try again later");
  }
  reserve_ = open_reserve();
}

// What else accept(2) says is one peer's own trouble (ECONNABORTED, EPROTO ...).
void Door::failed(const Error& error) {
  if (error.code == EMFILE || error.code == ENFILE) refuse_without_descriptors();
  if (error.code == ENOBUFS || error.code == ENOMEM) log::error("{}: {}", url().text(), error.message());
}

}  // namespace farpty::door
