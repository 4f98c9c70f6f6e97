// Door: a listener, and the connections that came in by it.
//
// Invariant: a peer that cannot be served is told why in one line and closed; the door goes on, also when the process has no
// descriptor left.
#pragma once

#include <functional>
#include <memory>
#include <unordered_map>

#include "door/connection.hpp"
#include "net/acceptor.hpp"
#include "net/listener.hpp"

namespace farpty::door {

class Door {
 public:
  // Takes connections from the next round of the event loop on: a door that is dropped before has let nobody in.
  // `emptied` is called from the event loop each time that the last connection is gone; it may not destroy the door.
  static Result<std::unique_ptr<Door>> open(Shared& shared, net::Listener listener,
                                            std::shared_ptr<const Settings> settings, std::function<void()> emptied);

  // For the connections that come from now on.
  void set(std::shared_ptr<const Settings> settings) { settings_ = std::move(settings); }

  void stop_listening();  // the connections stay
  [[nodiscard]] const net::Url& url() const { return listener_.url(); }
  [[nodiscard]] bool is_local() const { return listener_.is_local(); }
  [[nodiscard]] std::size_t connections() const { return connections_.size(); }

 private:
  Door(Shared& shared, net::Listener listener, std::shared_ptr<const Settings> settings, std::function<void()> emptied);
  void welcome(OwnedFd socket);
  void remove(const Guest* guest);
  void welcome_native(OwnedFd socket);
  void take_in(std::unique_ptr<Guest> guest);
  [[nodiscard]] std::function<void(Guest&)> when_closed();
  void refuse_without_descriptors();
  void failed(const Error& error);

  Shared& shared_;
  net::Listener listener_;
  std::unique_ptr<net::Acceptor> acceptor_;  // after listener_: gone before it is closed
  std::shared_ptr<const Settings> settings_;
  std::function<void()> emptied_;
  OwnedFd reserve_;  // given up to accept a peer and tell it that there are no descriptors left
  std::unordered_map<const Guest*, std::unique_ptr<Guest>> connections_;
};

}  // namespace farpty::door
