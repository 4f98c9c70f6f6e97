#include "door/caller.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/log.hpp"
#include "control/messages.hpp"
#include "door/native.hpp"
#include "net/socket.hpp"

namespace farpty::door {

Caller::Caller(boost::asio::io_context& context, Doorkeeper& keeper, OwnedFd socket, Doorkeeper::Place place,
               Owner& owner)
    : context_(context),
      keeper_(keeper),
      socket_(std::move(socket)),
      peer_(net::peer_address(socket_.get())),
      place_(std::move(place)),
      owner_(owner),
      timer_(context) {}

Caller::~Caller() {
  if (tls_) tls_->abandon();
  if (local_) local_->abandon();
}

Result<> Caller::open() {
  net::tune_terminal_connection(socket_.get());
  FARPTY_ASSIGN(tls, net::Tls::server(keeper_.tls(), *this));
  net::TlsSocket::Owner& owner = *this;
  FARPTY_ASSIGN(opened, net::TlsSocket::open(context_, std::move(socket_), std::move(tls), owner));
  tls_ = std::move(opened);
  await();
  tls_->begin();
  return {};
}

void Caller::await() {
  timer_.run_after(came_by_ ? kFarewellTime : kHandshakeTime, [this] {
    if (place_) keeper_.punish(peer_, auth::Offence::kSilent);
    close();
  });
}

std::vector<std::byte> Caller::ahead(const auth::InvitationId& /*id*/) {
  if (!leaving_) ahead_ = owner_.ahead(*this);
  return ahead_;
}

// The handshake was by a token: the context lets no other through. Is it good still?
void Caller::established() {
  if (leaving_) return;
  const auto& invitation = tls_->tls().invitation();
  if (!invitation) return close();  // cannot be
  const auto grants = keeper_.admit(*invitation, auth::Coming::kFirst, peer_);
  if (!grants) {
    keeper_.punish(peer_, auth::Offence::kFailed);
    log::event(log::Level::warn, "login-refused", {{"peer", peer()}, {"reason", grants.error().message()}},
               fmt::format("{} refused: {}", peer(), grants.error().message()));
    came_by_ = *invitation;  // it is told by the end of the connection
    return leave();
  }
  place_.reset();
  timer_.cancel();
  came_by_ = *invitation;
  owner_.arrived(*this);
  if (taken_back_) leave();  // to come back as the host that it is now
}

void Caller::connect(OwnedFd local, unsigned host) {
  net::PlainSocket::Owner& owner = *this;
  auto opened = net::PlainSocket::open(context_, std::move(local), owner);
  if (!opened) return log::error("{}", opened.error().message());
  local_ = std::move(*opened);
  said_ = {};
  detached_ = false;
  local_->send(as_bytes(control::encode_attached(host)));
  local_->begin();
}

void Caller::received(Bytes plain) {
  if (leaving_) return;
  if (!ahead_.empty()) {
    heard_.insert(heard_.end(), plain.begin(), plain.end());
    return tls_->hold();
  }
  if (!local_) {
    log::event(log::Level::warn, "closed", {{"peer", peer()}, {"reason", "it spoke before it was spoken to"}},
               fmt::format("{}: closed: it spoke before it was spoken to", peer()));
    return close();
  }
  local_->send(plain);
  if (local_->room() == 0) tls_->hold();
}

void Caller::drained(net::PlainSocket&) {
  if (ahead_.empty()) tls_->release();
}

// Whoever sits down says what was said ahead, or somebody else sits there, or he has changed his mind: then the host, which has heard
// the one and is to be told the other, dials again, and hears it without a word ahead. False: so it is.
bool Caller::check_ahead(Bytes& bytes) {
  const std::size_t size = std::min(ahead_.size(), bytes.size());
  if (!std::ranges::equal(Bytes(ahead_).first(size), bytes.first(size))) return false;
  ahead_.erase(ahead_.begin(), ahead_.begin() + static_cast<std::ptrdiff_t>(size));
  bytes = bytes.subspan(size);
  if (!ahead_.empty()) return true;
  local_->send(std::exchange(heard_, {}));
  if (local_->room() > 0) tls_->release();
  return true;
}

void Caller::received(net::PlainSocket&, Bytes bytes) {
  if (leaving_) return;
  Bytes news = bytes;
  if (!ahead_.empty() && !check_ahead(news)) return leave();
  tls_->send(news);
  said_.feed(bytes);
  bool bye = false;
  while (true) {
    const auto frame = said_.next();
    if (!frame) return leave();  // no client of ours
    if (!*frame) break;
    if ((*frame)->type == wire::Type::kDetach) detached_ = true;
    bye = bye || ((*frame)->type == wire::Type::kBye && !detached_);
  }
  if (tls_->room() == 0) local_->hold();
  if (bye) owner_.said_bye(*this);
}

void Caller::drained() {
  if (local_) local_->release();
}

void Caller::broken(net::PlainSocket&, const std::string&) { leave(); }

void Caller::leave() {
  if (std::exchange(leaving_, true) || closed_) return;
  if (local_) {
    local_->abandon();
    left_ = std::move(local_);
  }
  await();
  tls_->finish();
}

void Caller::take_back() {
  if (ahead_.empty() || local_) return;
  taken_back_ = true;
  if (came_by_) leave();
}

// Within a frame nothing can be said: the host finds its desk gone, and in the end nobody there.
void Caller::hang_up() {
  if (came_by_ && !leaving_ && !closed_ && !said_.in_the_middle()) {
    std::vector<std::byte> bye;
    wire::Conversation(wire::Role::kClient).send(wire::Bye{}, bye);
    tls_->send(bye);
  }
  leave();
}

void Caller::broken(const std::string& why, net::TlsSocket::Fault fault) {
  if (place_ && fault == net::TlsSocket::Fault::kPeers) keeper_.punish(peer_, auth::Offence::kNoTry);
  if (!why.empty())
    log::event(log::Level::info, "broken", {{"peer", peer()}, {"reason", log::printable(why)}},
               fmt::format("{}: {}", peer(), log::printable(why)));
  close();
}

void Caller::close() {
  if (std::exchange(closed_, true)) return;
  leaving_ = true;
  timer_.cancel();
  if (tls_) tls_->abandon();
  if (local_) {
    local_->abandon();
    left_ = std::move(local_);
  }
  owner_.closed(*this);
}

}  // namespace farpty::door
