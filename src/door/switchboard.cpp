#include "door/switchboard.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "base/log.hpp"
#include "net/address.hpp"

namespace farpty::door {

namespace {

// Whoever asked for a line may have left since.
bool has_left(const OwnedFd& local) {
  char byte = 0;
  const ssize_t count = recv(local.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR);
}

}  // namespace

Switchboard::Switchboard(boost::asio::io_context& context, net::Listener listener, Doorkeeper& keeper,
                         std::function<void()> changed)
    : context_(context),
      listener_(std::move(listener)),
      keeper_(keeper),
      changed_(std::move(changed)),
      next_round_(context) {}

Switchboard::~Switchboard() = default;

Result<std::unique_ptr<Switchboard>> Switchboard::open(boost::asio::io_context& context, net::Listener listener,
                                                       Doorkeeper& keeper, std::function<void()> changed) {
  std::unique_ptr<Switchboard> board(new Switchboard(context, std::move(listener), keeper, std::move(changed)));
  Switchboard* const self = board.get();
  FARPTY_ASSIGN(acceptor, net::Acceptor::open(context, board->listener_.fd(),
                                              {.accept = [self] { return self->listener_.accept(); },
                                               .welcome = [self](OwnedFd socket) { self->welcome(std::move(socket)); },
                                               .failed = [](const Error&) {}}));
  board->acceptor_ = std::move(acceptor);
  return board;
}

void Switchboard::welcome(OwnedFd socket) {
  auto place = keeper_.knock(net::peer_address(socket.get()));
  if (!place) {
    const std::string peer = net::peer_text(socket.get()), why = place.error().message();
    return log::event(log::Level::warn, "refused", {{"peer", peer}, {"reason", why}},
                      fmt::format("{} turned away: {}", peer, why));
  }
  Caller::Owner& owner = *this;
  auto caller = std::make_unique<Caller>(context_, keeper_, std::move(socket), std::move(*place), owner);
  Caller* const opened = caller.get();
  callers_[opened] = std::move(caller);
  if (const auto done = opened->open(); !done) {
    log::error("{}: {}", opened->peer(), done.error().message());
    callers_.erase(opened);
  }
}

// A second host at the same time does without: one program is to begin for one terminal.
std::vector<std::byte> Switchboard::ahead(Caller& caller) {
  if (!opening_ || opened_to_ != nullptr || ended_) return {};
  opened_to_ = &caller;
  return opening_();
}

void Switchboard::sits_down(unsigned id) {
  opening_ = nullptr;
  const auto host = hosts_.find(id);
  if (opened_to_ == nullptr || (host != hosts_.end() && host->second.line == opened_to_)) return;
  std::exchange(opened_to_, nullptr)->take_back();
}

void Switchboard::arrived(Caller& caller) {
  if (const auto late = std::ranges::find(dismissed_, caller.came_by()); late != dismissed_.end()) {
    keeper_.revoke(*late);
    dismissed_.erase(late);
    return caller.hang_up();
  }
  auto found = std::ranges::find(hosts_, caller.came_by(), [](const auto& one) { return one.second.credential; });
  if (found == hosts_.end()) {
    if (hosts_.size() >= kMostHosts) {
      log::warn("{} turned away: {} hosts are here", caller.peer(), hosts_.size());
      return caller.leave();
    }
    const auto token = caller.token_of_handshake();
    const auto kept = token ? keeper_.adopt(*token, {.expires = auth::kNever, .of = caller.came_by()})
                            : Result<>(std::unexpected(token.error()));
    if (!kept) {
      log::error("{}: {}", caller.peer(), kept.error().message());
      return caller.leave();
    }
    found =
        hosts_
            .try_emplace(next_host_++, Host{.credential = token->id, .peer = {}, .since = Clock::now(), .waiting = {}})
            .first;
  }
  auto& [id, host] = *found;
  const bool is_back = !host.peer.empty();
  if (host.line != nullptr) host.line->leave();  // it has given that one up
  host.line = &caller;
  host.peer = caller.peer();
  log::event(log::Level::info, is_back ? "host-back" : "host", {{"host", id}, {"peer", host.peer}},
             fmt::format("host {} {} from {}", id, is_back ? "is back" : "dialled in", host.peer));
  give_line(id, host);
  tell();
}

void Switchboard::attach(unsigned wanted, OwnedFd local) {
  if (wanted == 0 && hosts_.size() == 1) wanted = hosts_.begin()->first;
  if (wanted == 0)
    return refuse(
        local, hosts_.empty() ? "no host has dialled in" : "there are several hosts: name one (farpty ls shows them)");
  const auto found = hosts_.find(wanted);
  if (found == hosts_.end() || ended_) return refuse(local, fmt::format("there is no host {}", wanted));
  Host& host = found->second;
  host.waiting = std::move(local);
  // Of whoever sits there the line is taken, and the host makes another one.
  if (host.line != nullptr && !host.line->is_free()) std::exchange(host.line, nullptr)->leave();
  give_line(found->first, host);
  tell();
}

void Switchboard::give_line(unsigned id, Host& host) {
  if (host.line == nullptr || !host.waiting || !host.line->is_free()) return;
  OwnedFd local = std::move(host.waiting);
  if (has_left(local)) return;
  host.line->connect(std::move(local), id);
}

void Switchboard::refuse(const OwnedFd& local, const std::string& why) {
  const std::string line = control::encode_error(why);
  (void)!::send(local.get(), line.data(), line.size(), MSG_NOSIGNAL);  // what does not fit, nobody reads
}

std::map<unsigned, Switchboard::Host>::iterator Switchboard::host_of(const Caller& caller) {
  return std::ranges::find(hosts_, &caller,
                           [](const auto& one) { return static_cast<const Caller*>(one.second.line); });
}

void Switchboard::said_bye(Caller& caller) {
  if (const auto found = host_of(caller); found != hosts_.end()) forget(found->first);
  tell();
}

void Switchboard::forget(unsigned id) {
  const auto found = hosts_.find(id);
  keeper_.revoke(found->second.credential);
  hosts_.erase(found);
}

void Switchboard::closed(Caller& caller) {
  if (opened_to_ == &caller) opened_to_ = nullptr;
  if (const auto found = host_of(caller); found != hosts_.end()) found->second.line = nullptr;
  gone_.push_back(&caller);
  tell();
}

void Switchboard::tell() {
  next_round_.run([this] {
    for (const Caller* gone : std::exchange(gone_, {})) callers_.erase(gone);
    changed_();
  });
}

std::vector<control::Host> Switchboard::hosts() const {
  std::vector<control::Host> list;
  for (const auto& [id, host] : hosts_) {
    const auto age = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - host.since).count();
    list.push_back({.id = id,
                    .peer = host.peer,
                    .state = host.line == nullptr   ? "away"
                             : host.line->is_free() ? "waiting"
                                                    : "attached",
                    .age = static_cast<std::uint64_t>(age)});
  }
  return list;
}

std::optional<unsigned> Switchboard::free_host() const {
  const auto found = std::ranges::find_if(
      hosts_, [](const auto& one) { return one.second.line != nullptr && one.second.line->is_free(); });
  return found == hosts_.end() ? std::nullopt : std::optional(found->first);
}

std::size_t Switchboard::present() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(hosts_, [](const auto& one) { return one.second.line != nullptr; }));
}

bool Switchboard::dismiss(unsigned id) {
  const auto found = hosts_.find(id);
  if (found == hosts_.end()) return false;
  if (found->second.line != nullptr) {
    found->second.line->hang_up();
    forget(id);
  } else {
    dismissed_.push_back(found->second.credential);
    hosts_.erase(found);
    if (dismissed_.size() > kMostHosts) {
      keeper_.revoke(dismissed_.front());
      dismissed_.pop_front();
    }
  }
  tell();
  return true;
}

void Switchboard::end() {
  if (std::exchange(ended_, true)) return;
  acceptor_->stop();
  const auto closed = std::move(listener_);
  for (const auto& [key, caller] : callers_) caller->hang_up();
  tell();
}

}  // namespace farpty::door
