// Doors: the open doors of a server, and how a new list of them replaces the old one while people are inside.
//
// It reads no configuration and knows no signals (server.hpp). Invariant: change() does all or nothing; a door that is no
// longer listed lets nobody in and stays until its last connection is gone.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/notify.hpp"
#include "door/door.hpp"

namespace farpty::app {

class Doors {
 public:
  // `emptied` is called from the event loop when the last connection of all doors is gone.
  Doors(door::Shared& shared, std::function<void()> emptied) : shared_(shared), emptied_(std::move(emptied)) {}

  // What a service manager handed over; they belong to every list. Before the first change().
  Result<> adopt(std::vector<InheritedSocket> sockets);

  // The listed doors are open from now on, with these settings for who comes next; the others stop listening. Without any
  // listed or adopted, the default ones. On an error everything is as it was. An open door is known by the text of its URL
  // in the list, so one with port 0 keeps the port that the kernel chose.
  Result<> change(const std::vector<net::Url>& listed, door::Openness openness,
                  const std::shared_ptr<const door::Settings>& settings);

  void stop_listening();
  [[nodiscard]] bool has_connections() const;
  [[nodiscard]] bool adopted_native() const;            // a native door is among those that were handed over
  [[nodiscard]] std::vector<std::string> urls() const;  // of those that listen

 private:
  struct Listed {
    std::string name;  // the URL as it was listed; empty: adopted
    std::unique_ptr<door::Door> door;
  };
  Result<std::unique_ptr<door::Door>> open(net::Listener listener, door::Openness openness,
                                           const std::shared_ptr<const door::Settings>& settings);
  void retire(Listed listed);
  void look_for_empty();

  door::Shared& shared_;
  std::function<void()> emptied_;
  std::vector<net::Listener> adopted_;  // until the first change()
  std::vector<Listed> open_;
  std::vector<std::unique_ptr<door::Door>> retired_;
};

}  // namespace farpty::app
