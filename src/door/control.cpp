#include "door/control.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/log.hpp"
#include "base/readiness.hpp"
#include "base/timer.hpp"

namespace farpty::door {

namespace {

constexpr std::size_t kMaxPeers = 16;
constexpr std::chrono::seconds kPatience{30};  // for a peer from its first byte to its last

std::uint64_t seconds_of(session::Clock::duration time) {
  return static_cast<std::uint64_t>(
      std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::seconds>(time).count()));
}

std::vector<control::Group> groups_of(const session::Session::Info& info) {
  std::map<pid_t, control::Group> groups;
  for (const auto& process : info.processes) {
    control::Group& group = groups[process.group];
    group.pgrp = process.group;
    group.foreground = process.group == info.fg_pgrp;
    group.processes.push_back({.pid = process.pid,
                               .parent = process.parent,
                               .state = std::string(1, process.state),
                               .command = process.command});
  }
  std::vector<control::Group> list;
  for (auto& [pgrp, group] : groups) list.push_back(std::move(group));
  return list;
}

control::Session message_of(const session::Session::Info& info) {
  return {.id = info.id,
          .program = info.program,
          .door = info.door,
          .peer = info.peer,
          .tty = info.tty,
          .columns = info.size.columns,
          .rows = info.size.rows,
          .age = seconds_of(info.age),
          .idle = seconds_of(info.idle),
          .bytes_in = info.bytes_in,
          .bytes_out = info.bytes_out,
          .leader = info.leader,
          .groups = groups_of(info)};
}

}  // namespace

// One connection: lines in, lines out, one at a time.
class Control::Peer {
 public:
  Peer(Control& control, OwnedFd socket) : control_(control), socket_(std::move(socket)), timer_(control.context_) {}

  Result<> open() {
    FARPTY_ASSIGN(readiness, Readiness::watch(control_.context_, socket_.get()));
    readiness_ = std::move(readiness);
    timer_.run_after(kPatience, [this] { close(); });
    read();
    return {};
  }

 private:
  void read() {
    std::array<char, control::kMaxRequest> part{};
    while (socket_ && unsent_.empty() && !last_) {
      const ssize_t count = recv(socket_.get(), part.data(), part.size(), 0);
      if (count == 0) return close();
      if (count < 0 && errno == EINTR) continue;
      if (count < 0 && errno != EAGAIN) return close();
      if (count < 0) return readiness_.when_readable([this] { read(); });
      unread_.append(part.data(), static_cast<std::size_t>(count));
      answer();
    }
  }

  // All the lines that are there, until an answer has to wait.
  void answer() {
    while (unsent_.empty() && !last_) {
      const auto end = unread_.find('\n');
      if (end == std::string::npos ? unread_.size() >= control::kMaxRequest : end >= control::kMaxRequest) {
        log::warn("a control connection was closed: its request is longer than {} bytes", control::kMaxRequest);
        unsent_ = control::encode_error("the request is too long");
        last_ = true;
      } else if (end == std::string::npos) {
        return;
      } else if (const auto host = control_.wants_line(std::string_view(unread_).substr(0, end))) {
        return hand_over(*host, unread_.size() == end + 1);
      } else {
        unsent_ = control_.answer(std::string_view(unread_).substr(0, end));
        unread_.erase(0, end + 1);
      }
      send();
    }
  }

  void send() {
    while (sent_ < unsent_.size()) {
      const ssize_t count = ::send(socket_.get(), unsent_.data() + sent_, unsent_.size() - sent_, MSG_NOSIGNAL);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0 && errno != EAGAIN) return close();
      if (count < 0) return readiness_.when_writable([this] { resume(); });
      sent_ += static_cast<std::size_t>(count);
    }
    unsent_.clear();
    sent_ = 0;
    if (last_) close();
  }

  void resume() {
    send();
    answer();
    read();
  }

  // The connection becomes a line to a host, and is no longer ours.
  void hand_over(unsigned host, bool is_all) {
    if (!is_all) return close();  // who asks waits for the answer
    timer_.cancel();
    readiness_ = Readiness();
    last_ = true;
    OwnedFd socket = std::move(socket_);
    control_.forget(*this);
    control_.server_.attach(host, std::move(socket));
  }

  void close() {
    if (!socket_) return;
    timer_.cancel();
    readiness_ = Readiness();
    socket_.reset();
    last_ = true;
    control_.forget(*this);
  }

  Control& control_;
  OwnedFd socket_;
  Readiness readiness_;  // after socket_: gone before it is closed
  Timer timer_;
  std::string unread_;
  std::string unsent_;
  std::size_t sent_ = 0;
  bool last_ = false;  // nothing more is read
};

Control::Control(boost::asio::io_context& context, net::RuntimeSocket socket, session::Registry& registry,
                 Server server)
    : context_(context),
      socket_(std::move(socket)),
      registry_(registry),
      server_(std::move(server)),
      next_round_(context) {}

Control::~Control() = default;

Result<std::unique_ptr<Control>> Control::open(boost::asio::io_context& context, net::RuntimeSocket socket,
                                               session::Registry& registry, Server server) {
  std::unique_ptr<Control> control(new Control(context, std::move(socket), registry, std::move(server)));
  Control* const self = control.get();
  FARPTY_ASSIGN(acceptor, net::Acceptor::open(context, control->socket_.fd(),
                                              {.accept = [self] { return self->socket_.accept(); },
                                               .welcome = [self](OwnedFd peer) { self->welcome(std::move(peer)); },
                                               .failed = &Control::failed}));
  control->acceptor_ = std::move(acceptor);
  return control;
}

void Control::failed(const Error& error) {
  if (!net::Acceptor::lacks_means(error)) log::warn("a control connection was refused: {}", error.message());
}

void Control::welcome(OwnedFd socket) {
  if (peers_.size() >= kMaxPeers)
    return log::warn("a control connection was refused: {} are being served", peers_.size());
  auto peer = std::make_unique<Peer>(*this, std::move(socket));
  Peer* opened = peer.get();
  peers_[opened] = std::move(peer);
  if (const auto done = opened->open(); !done) {
    log::error("control: {}", done.error().message());
    peers_.erase(opened);
  }
}

void Control::forget(Peer& peer) {
  gone_.push_back(&peer);
  next_round_.run([this] {
    for (const Peer* gone : std::exchange(gone_, {})) peers_.erase(gone);
  });
}

std::optional<unsigned> Control::wants_line(std::string_view line) const {
  const auto request = control::decode_request(line);
  const auto* attach = request ? std::get_if<control::AttachRequest>(&*request) : nullptr;
  return attach != nullptr && server_.attach ? std::optional(attach->host) : std::nullopt;
}

std::string Control::answer(std::string_view line) {
  const auto request = control::decode_request(line);
  if (!request) return control::encode_error(request.error().message());
  if (const auto* invite = std::get_if<control::InviteRequest>(&*request)) {
    const auto token = server_.invite(*invite);
    if (!token) return control::encode_error(token.error().message());
    const auto text = auth::token_text(*token);
    return control::encode_invited(as_text(text));
  }
  if (std::holds_alternative<control::AttachRequest>(*request))
    return control::encode_error("no host dials in at this server: it is no listener");
  const auto* kill = std::get_if<control::KillRequest>(&*request);
  if (kill == nullptr) return control::encode(list());
  const bool is_there =
      server_.dismiss ? server_.dismiss(kill->session) : registry_.finish(kill->session, session::Cause::kKilled);
  if (!is_there) return control::encode_error(fmt::format("there is no session {}", kill->session));
  return control::encode_killed(kill->session);
}

control::Server Control::list() const {
  control::Server server{.pid = getpid(), .version = FARPTY_VERSION, .doors = server_.doors()};
  for (const auto& info : registry_.list()) server.sessions.push_back(message_of(info));
  if (server_.add_hosts) server_.add_hosts(server);
  return server;
}

}  // namespace farpty::door
