#include "app/doors.hpp"

#include <algorithm>

#include <boost/asio/post.hpp>

#include "base/log.hpp"

namespace farpty::app {

namespace {

std::vector<net::Url> default_doors() {
  return {*net::parse_url("raw://127.0.0.1:7777"), *net::parse_url("telnet://127.0.0.1:2323")};
}

Result<> check_reach(const net::Url& url, bool local, door::Openness openness) {
  if (url.protocol == net::Protocol::kFarpty) return {};  // it knows who comes in
  if (local || openness == door::Openness::kPublic) return {};
  return failure("cannot listen on", url.text(),
                 "other machines reach this address, and the protocol has no password and no encryption",
                 "listen on 127.0.0.1, or say --insecure-public if everyone may run the program");
}

}  // namespace

Result<> Doors::adopt(std::vector<InheritedSocket> sockets) {
  for (auto& [socket, protocol] : sockets) {
    FARPTY_ASSIGN(listener, net::Listener::adopt(std::move(socket), protocol));
    adopted_.push_back(std::move(listener));
  }
  return {};
}

Result<> Doors::change(const std::vector<net::Url>& listed, door::Openness openness,
                       const std::shared_ptr<const door::Settings>& settings) {
  const bool any_adopted =
      !adopted_.empty() || std::ranges::any_of(open_, [](const Listed& door) { return door.name.empty(); });
  const auto urls = listed.empty() && !any_adopted ? default_doors() : listed;

  // What can fail comes first, and is undone by forgetting `fresh`.
  std::vector<const door::Door*> kept;
  const auto is_kept = [&](const Listed& door) {
    return door.name.empty() || std::ranges::find(kept, door.door.get()) != kept.end();
  };
  std::vector<Listed> fresh;
  for (net::Listener& listener : adopted_) {
    FARPTY_ASSIGN(door, open(std::move(listener), openness, settings));
    fresh.push_back({.name = "", .door = std::move(door)});
  }
  for (const net::Url& url : urls) {
    const std::string name = url.text();
    const auto same =
        std::ranges::find_if(open_, [&](const Listed& door) { return door.name == name && !is_kept(door); });
    if (same != open_.end()) {
      kept.push_back(same->door.get());
      continue;
    }
    FARPTY_ASSIGN(listener, net::Listener::open(url));
    FARPTY_ASSIGN(door, open(std::move(listener), openness, settings));
    fresh.push_back({.name = name, .door = std::move(door)});
  }
  for (const Listed& door : open_)
    if (is_kept(door)) FARPTY_TRY(check_reach(door.door->url(), door.door->is_local(), openness));

  adopted_.clear();
  for (Listed& door : std::exchange(open_, {})) {
    if (!is_kept(door)) {
      retire(std::move(door));
      continue;
    }
    door.door->set(settings);
    open_.push_back(std::move(door));
  }
  for (Listed& door : fresh) {
    const std::string url = door.door->url().text();
    log::event(log::Level::info, "listening", {{"door", url}}, "listening on " + url);
    open_.push_back(std::move(door));
  }
  return {};
}

Result<std::unique_ptr<door::Door>> Doors::open(net::Listener listener, door::Openness openness,
                                                const std::shared_ptr<const door::Settings>& settings) {
  FARPTY_TRY(check_reach(listener.url(), listener.is_local(), openness));
  return door::Door::open(shared_, std::move(listener), settings, [this] { look_for_empty(); });
}

void Doors::retire(Listed listed) {
  const std::string url = listed.door->url().text();
  log::event(log::Level::info, "no-longer-listening", {{"door", url}}, "no longer listening on " + url);
  listed.door->stop_listening();
  if (listed.door->connections() > 0) retired_.push_back(std::move(listed.door));
}

// Not at once: a door of which the last connection has just gone is still on the stack.
void Doors::look_for_empty() {
  boost::asio::post(shared_.loop.context, [this] {
    std::erase_if(retired_, [](const auto& door) { return door->connections() == 0; });
    if (!has_connections()) emptied_();
  });
}

void Doors::stop_listening() {
  for (const Listed& listed : open_) listed.door->stop_listening();
}

bool Doors::has_connections() const {
  return !retired_.empty() ||
         std::ranges::any_of(open_, [](const Listed& listed) { return listed.door->connections() > 0; });
}

bool Doors::adopted_native() const {
  return std::ranges::any_of(adopted_, [](const auto& one) { return one.url().protocol == net::Protocol::kFarpty; });
}

std::vector<std::string> Doors::urls() const {
  std::vector<std::string> found;
  for (const Listed& listed : open_) found.push_back(listed.door->url().text());
  return found;
}

}  // namespace farpty::app
