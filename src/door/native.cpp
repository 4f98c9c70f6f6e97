#include "door/native.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/log.hpp"
#include "door/native_start.hpp"
#include "net/socket.hpp"

namespace farpty::door {

namespace {

constexpr std::uint64_t kLongestInvitation = 30ULL * 24 * 3600;

// session id, seat id, and the run of the server: opaque to the client.
wire::Seat seat_of(unsigned session, std::uint64_t seat, const std::array<std::byte, 16>& run) {
  wire::Seat packed{};
  for (std::size_t i = 0; i < 8; ++i) {
    packed[i] = static_cast<std::byte>(std::uint64_t{session} >> (56 - 8 * i) & 0xff);
    packed[8 + i] = static_cast<std::byte>(seat >> (56 - 8 * i) & 0xff);
  }
  std::ranges::copy(run, packed.begin() + 16);
  return packed;
}

std::uint64_t number_in(const wire::Seat& seat, std::size_t from) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < 8; ++i) number = number << 8 | std::to_integer<std::uint64_t>(seat[from + i]);
  return number;
}

}  // namespace

NativeConnection::NativeConnection(Shared& shared, std::shared_ptr<const Settings> settings, OwnedFd socket,
                                   Doorkeeper::Place place, std::function<void(Guest&)> closed)
    : shared_(shared),
      settings_(std::move(settings)),
      socket_(std::move(socket)),
      peer_(net::peer_address(socket_.get())),
      name_(peer_.text()),
      place_(std::move(place)),
      closed_(std::move(closed)),
      timer_(shared.loop.context) {}

NativeConnection::~NativeConnection() {
  if (tls_) tls_->abandon();
}

Result<> NativeConnection::open() {
  net::tune_terminal_connection(socket_.get());
  FARPTY_ASSIGN(tls, net::Tls::server(shared_.keeper->tls(), *this));
  FARPTY_ASSIGN(opened, net::TlsSocket::open(shared_.loop.context, std::move(socket_), std::move(tls), *this));
  tls_ = std::move(opened);
  await(kHandshakeTime, "it did not say who it is in time");
  tls_->begin();
  return {};
}

void NativeConnection::await(std::chrono::seconds patience, const char* what) {
  timer_.expires_after(patience);
  timer_.async_wait([this, what](const boost::system::error_code& code) {
    if (code) return;
    if (place_) shared_.keeper->punish(peer_, auth::Offence::kSilent);
    log::warn("{}: closed: {}", name_, what);
    close();
  });
}

const auth::InvitationSecret* NativeConnection::secret_of(const auth::InvitationId& id) {
  return shared_.keeper->secret_of(id);
}

// TLS is done: the peer holds what it showed. Now: may it come in?
void NativeConnection::established() {
  if (const auto& key = tls_->tls().peer_key())
    identity_ = *key;
  else if (const auto& invitation = tls_->tls().invitation())
    identity_ = *invitation;
  else
    return close();  // cannot be: Tls has seen to it
  who_ = auth::text_of(*identity_);
  auto grants = shared_.keeper->admit(*identity_, auth::Coming::kFirst, peer_);
  if (!grants) {
    shared_.keeper->punish(peer_, auth::Offence::kFailed);
    log::warn("{} ({}) refused: {}", name_, who_, grants.error().message());
    return refuse("denied", std::holds_alternative<auth::PublicKey>(*identity_)
                                ? "your key " + who_ + " may not come in here"
                                : "this invitation is not good any more");
  }
  grants_ = std::move(*grants);
  place_.reset();
  log::info("{} ({}) is let in", name_, who_);
  await(kHandshakeTime, "it said no hello");
}

void NativeConnection::received(Bytes plain) {
  if (!grants_ || leaving_) return;
  gathering_ = true;
  conversation_.feed(plain);
  while (!closed_already_) {
    auto message = conversation_.next();
    if (!message) {
      log::warn("{}: closed: {}", name_, log::printable(message.error().text));
      refuse(message.error().code, message.error().text);
      break;
    }
    if (!*message) break;
    obey(**message);
  }
  gathering_ = false;
  flush();
}

void NativeConnection::obey(const wire::Message& message) {
  using wire::Type;
  switch (wire::type_of(message)) {
    case Type::kHello: return greet(std::get<wire::Hello>(message));
    case Type::kStart: return start(std::get<wire::Start>(message));
    case Type::kResume: return resume(std::get<wire::Resume>(message));
    case Type::kData: return seat_ ? seat_->typed(std::get<wire::Data>(message).bytes) : void();
    case Type::kEof: return seat_ ? seat_->input_ended() : void();
    case Type::kAck: return seat_ ? seat_->acknowledged() : void();
    case Type::kResize:
      return seat_ ? seat_->resized_by_client(window_of(std::get<wire::Resize>(message).size)) : void();
    case Type::kSignal: return seat_ ? seat_->signal(std::get<wire::Signal>(message).name) : void();
    case Type::kPen: return seat_ ? seat_->pen(std::get<wire::Pen>(message).action) : void();
    case Type::kDetach: return seat_ ? seat_->detach() : void();
    case Type::kList: return list();
    case Type::kKill: return kill(std::get<wire::Kill>(message).session);
    case Type::kInvite: return invite(std::get<wire::Invite>(message));
    case Type::kPing: return say(wire::Pong{.cookie = std::get<wire::Ping>(message).cookie});
    case Type::kBye:
    case Type::kError:
      if (seat_ && wire::type_of(message) == Type::kBye) seat_->bye();
      seat_.reset();
      leaving_ = true;
      await(kFarewellTime, "it did not close");
      return tls_->finish();
    default: return;  // the conversation lets nothing else through
  }
}

void NativeConnection::greet(const wire::Hello& hello) {
  timer_.cancel();
  say(wire::Hello{.agent = "farpty/" FARPTY_VERSION});
  if (!hello.user.empty() && hello.user != shared_.keeper->user())
    refuse("user", fmt::format("this server serves {}, not {}", shared_.keeper->user(), log::printable(hello.user)));
}

bool NativeConnection::may_rule() const {
  return !grants_->command && !grants_->session && grants_->writing == auth::Writing::kAllowed;
}

void NativeConnection::start(const wire::Start& start) {
  if (leaving_) return;
  if (const auto begun = shared_.keeper->begun(who_, start.id)) return start_again(start, *begun);
  session::Session* existing = nullptr;
  if (start.which != wire::Which::kNew) {
    unsigned id = 0;
    const char* const end = start.name.data() + start.name.size();
    const bool by_number = std::from_chars(start.name.data(), end, id).ptr == end && !start.name.empty();
    existing = by_number ? shared_.registry.find(id) : shared_.registry.find(start.name);
    if (existing != nullptr && !existing->info().lasts) existing = nullptr;
    if (start.name.empty() && start.which == wire::Which::kAttach) {
      // Without a name: the one that there is.
      std::vector<unsigned> lasting;
      for (const auto& info : shared_.registry.list())
        if (info.lasts && (!grants_->session || *grants_->session == info.id)) lasting.push_back(info.id);
      if (lasting.size() > 1)
        return refuse("no-session", "there are several sessions; name one (farpty ls shows them)");
      if (lasting.size() == 1) existing = shared_.registry.find(lasting.front());
    }
  }
  if (existing != nullptr) return attach(start, *existing);
  if (start.which == wire::Which::kAttach)
    return refuse("no-session", fmt::format("there is no session '{}'", log::printable(start.name)));
  if (grants_->session) return refuse("denied", "you may only look at the session that you were invited to");
  if (grants_->writing == auth::Writing::kRefused) return refuse("denied", "your key may only look (read-only)");
  if (shared_.gate.is_full(shared_.registry.count())) return refuse("busy", "all places are taken; try again later");
  auto spec = spec_of(start, *settings_, *grants_);
  if (!spec)
    return refuse(spec.error().operation == "unsupported" ? "unsupported" : "cannot-start", spec.error().message());
  seat_ = std::make_unique<NativeSeat>(voice(), name_, who_, start.terminal);
  const auto started = shared_.registry.start(*spec, *seat_, {.offset = 0, .size = spec->size});
  if (!started) {
    seat_.reset();
    log::error("{}: {}", name_, started.error().message());
    return refuse("cannot-start", started.error().message());
  }
  log::info("session {} started: {} for {} by farpty ({})", (*started)->session().id(),
            log::printable(spec->program.file), name_, who_);
  shared_.keeper->remember(who_, start.id, {.session = (*started)->session().id(), .seat = (*started)->id()});
  seat(**started, {.created = true, .terminal = start.terminal});
}

// The answer to the first one was lost on its way.
void NativeConnection::start_again(const wire::Start& start, Doorkeeper::Begun begun) {
  auto* const session = shared_.registry.find(begun.session);
  if (session == nullptr) return refuse("no-session", "the session is no more");
  seat_ = std::make_unique<NativeSeat>(voice(), name_, who_, start.terminal);
  session::Seat& place = session->attach(*seat_, {.seat = begun.seat, .offset = 0, .size = window_of(start.size)});
  if (place.id() != begun.seat) {
    seat_.reset();
    return refuse("no-session", "the session does not know you any more");
  }
  seat(place, {.created = true, .terminal = start.terminal});
}

void NativeConnection::attach(const wire::Start& start, session::Session& session) {
  if (grants_->session && *grants_->session != session.id())
    return refuse("denied", "you were invited to another session");
  if (grants_->command) return refuse("denied", "your key may only run one command");
  seat_ = std::make_unique<NativeSeat>(voice(), name_, who_, true);
  const bool looks_only = start.read_only || grants_->writing == auth::Writing::kRefused;
  session::Seat& place = session.attach(
      *seat_, {.pen = looks_only ? session::Pen::kNever : session::Pen::kTake, .size = window_of(start.size)});
  log::info("session {} attached: {} ({})", session.id(), name_, who_);
  seat(place, {.terminal = true, .output = place.position()});
}

void NativeConnection::resume(const wire::Resume& resume) {
  if (leaving_) return;
  auto* const session = std::ranges::equal(std::span(resume.seat).subspan(16), shared_.keeper->run())
                            ? shared_.registry.find(static_cast<unsigned>(number_in(resume.seat, 0)))
                            : nullptr;
  if (session == nullptr || (grants_->session && *grants_->session != session->id()))
    return refuse("no-session", "the session is no more");
  const bool has_terminal = session->info().tty != "pipes";
  seat_ = std::make_unique<NativeSeat>(voice(), name_, who_, has_terminal);
  const std::uint64_t wanted = number_in(resume.seat, 8);
  session::Seat& place = session->attach(
      *seat_, {.seat = wanted,
               .offset = resume.output + resume.errors,
               .pen = grants_->writing == auth::Writing::kRefused ? session::Pen::kNever : session::Pen::kTake});
  if (place.id() != wanted) {
    seat_.reset();
    return refuse("no-session", "the session does not know you any more");
  }
  log::info("session {} resumed: {} ({})", session->id(), name_, who_);
  seat(place, {.resumed = true, .terminal = has_terminal, .output = resume.output, .errors = resume.errors});
}

void NativeConnection::seat(session::Seat& seat, wire::Started started) {
  const auto info = seat.session().info();
  seat_->sit(seat);
  started.session = info.id;
  started.name = info.name;
  started.seat = seat_of(info.id, seat.id(), shared_.keeper->run());
  started.writer = seat.role() == session::Role::kWriter;
  if (started.resumed)
    started.input = seat.input_taken();
  else
    seat_->skip_taken();
  started.input_limit = started.input + kInputWindow;
  started.tty = info.tty;
  say(started);
  seat_->begin();
}

void NativeConnection::list() {
  if (!may_rule() && !grants_->session) return refuse("denied", "your key may not see the sessions");
  wire::Sessions answer;
  using std::chrono::duration_cast;
  using std::chrono::seconds;
  for (const auto& info : shared_.registry.list()) {
    if (!info.lasts || (grants_->session && *grants_->session != info.id)) continue;
    if (answer.sessions.size() == wire::kMaxListed) {
      answer.more = true;
      say(std::exchange(answer, {}));
    }
    answer.sessions.push_back({.session = info.id,
                               .name = info.name,
                               .program = log::printable(info.program),
                               .tty = info.tty,
                               .age = static_cast<std::uint64_t>(duration_cast<seconds>(info.age).count()),
                               .idle = static_cast<std::uint64_t>(duration_cast<seconds>(info.idle).count()),
                               .viewers = static_cast<std::uint64_t>(std::ranges::count_if(
                                   info.watchers, [](const auto& one) { return !one.peer.empty(); })),
                               .size = size_of(info.size)});
  }
  say(answer);
}

void NativeConnection::kill(const std::string& name) {
  if (!may_rule()) return refuse("denied", "your key may not end sessions");
  unsigned id = 0;
  const char* const end = name.data() + name.size();
  if (std::from_chars(name.data(), end, id).ptr != end || name.empty()) {
    const auto* const session = shared_.registry.find(name);
    id = session != nullptr ? session->id() : 0;
  }
  if (!shared_.registry.finish(id, session::Cause::kKilled))
    return refuse("no-session", fmt::format("there is no session '{}'", log::printable(name)));
  say(wire::Done{.text = fmt::format("session {} was hung up", id)});
}

void NativeConnection::invite(const wire::Invite& invite) {
  if (!may_rule()) return refuse("denied", "your key may not invite");
  auth::InvitationTerms terms{.expires = static_cast<auth::Seconds>(std::min(invite.expires, kLongestInvitation)),
                              .uses = invite.once ? auth::Uses::kOnce : auth::Uses::kMany,
                              .writing = invite.read_only ? auth::Writing::kRefused : auth::Writing::kAllowed};
  if (!invite.session.empty()) {
    const auto* const session = shared_.registry.find(invite.session);
    if (session == nullptr)
      return refuse("no-session", fmt::format("there is no session '{}'", log::printable(invite.session)));
    terms.session = session->id();
  }
  const auto token = shared_.keeper->invite(terms);
  if (!token) return refuse("busy", token.error().message());
  log::info("{} ({}) made an invitation: {}", name_, who_, token->id.text());
  const auto text = auth::token_text(*token);
  say(wire::Invitation{.token = std::string(as_text(text)), .expires = static_cast<std::uint64_t>(terms.expires)});
}

void NativeConnection::say(const wire::Message& message) {
  if (!conversation_.may_send(wire::type_of(message))) return;  // it is over: what is said now is late
  conversation_.send(message, plain_);
  if (!gathering_) flush();
}

void NativeConnection::flush() {
  if (plain_.empty() || closed_already_) return;
  const auto said = std::exchange(plain_, {});
  tls_->send(said);
  if (leaving_) tls_->finish();
}

std::size_t NativeConnection::room() const {
  const std::size_t room = tls_->room();
  return room - std::min(room, plain_.size());
}

void NativeConnection::drained() {
  if (seat_) seat_->room_again();
}

// The client says bye when it has everything.
void NativeConnection::session_over() {
  await(kFarewellTime, "it did not answer the end");
  if (conversation_.state() != wire::State::kClosed) return;
  leaving_ = true;
  plain_.empty() ? tls_->finish() : flush();
}

void NativeConnection::refuse(const std::string& code, const std::string& text) {
  if (leaving_) return;
  seat_.reset();
  const bool gathered = std::exchange(gathering_, true);
  say(wire::Failure{.code = code, .text = log::printable(text, wire::kMaxText / 4)});
  gathering_ = gathered;
  leaving_ = true;
  await(kFarewellTime, "it did not close");
  flush();
}

// A path that broke, and a client that left to ask its user about our key, are no offence: who redials on a bad network
// must not lock himself out.
void NativeConnection::broken(const std::string& why, net::TlsSocket::Fault fault) {
  if (place_ && !identity_ && fault == net::TlsSocket::Fault::kPeers)
    shared_.keeper->punish(peer_, auth::Offence::kNoTry);
  if (!why.empty()) log::info("{}: {}", name_, log::printable(why));
  close();
}

void NativeConnection::close() {
  if (std::exchange(closed_already_, true)) return;
  timer_.cancel();
  seat_.reset();
  if (tls_) tls_->abandon();
  closed_(*this);
}

}  // namespace farpty::door
