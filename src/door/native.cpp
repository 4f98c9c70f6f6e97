#include "door/native.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/log.hpp"
#include "door/native_desk.hpp"
#include "door/native_place.hpp"
#include "door/native_start.hpp"
#include "net/socket.hpp"

namespace farpty::door {

namespace {
constexpr const char* kOtherRights = "what you may do here has changed, and this session is no part of it";

// What the last message was put into, for the next one of this thread: an idle connection holds none.
std::vector<std::byte>& spare_store() {
  static thread_local std::vector<std::byte> store;
  return store;
}
constexpr std::size_t kMostSpare = 256 * 1024;  // bytes; a snapshot may have been longer
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
      timer_(shared.loop.context),
      judging_(shared.loop.context) {}

NativeConnection::NativeConnection(Shared& shared, std::shared_ptr<const Settings> settings, OwnedFd socket,
                                   Doorkeeper::Place place, Dialled& dialled, std::function<void(Guest&)> closed)
    : NativeConnection(shared, std::move(settings), std::move(socket), std::move(place), std::move(closed)) {
  dialled_ = &dialled;
}

NativeConnection::~NativeConnection() {
  if (tls_) tls_->abandon();
}

Result<> NativeConnection::open() {
  net::tune_terminal_connection(socket_.get());
  FARPTY_ASSIGN(tls, dialled_ != nullptr ? net::Tls::client(shared_.keeper->tls(), *this, &dialled_->token())
                                         : net::Tls::server(shared_.keeper->tls(), *this));
  FARPTY_ASSIGN(opened, net::TlsSocket::open(shared_.loop.context, std::move(socket_), std::move(tls), *this));
  tls_ = std::move(opened);
  await(kHandshakeTime, "it did not say who it is in time");
  tls_->begin();
  return {};
}

void NativeConnection::await(std::chrono::seconds patience, const char* what) {
  timer_.run_after(patience, [this, what] {
    if (place_) shared_.keeper->punish(peer_, auth::Offence::kSilent);
    log_event(log::Level::warn, "closed", {{"reason", what}}, fmt::format("{}: closed: {}", name_, what));
    close();
  });
}

const auth::InvitationSecret* NativeConnection::secret_of(const auth::InvitationId& id) {
  return shared_.keeper->secret_of(id);
}

bool NativeConnection::holds(Bytes claims) {
  ticket_ = shared_.keeper->read_ticket(claims, peer_);
  return ticket_.has_value();
}

// TLS is done: the peer holds what it showed. Now: may it come in?
void NativeConnection::established() {
  if (const auto& key = tls_->tls().peer_key())
    identity_ = *key;
  else if (const auto& invitation = tls_->tls().invitation())
    identity_ = *invitation;
  else
    return close();  // cannot be: Tls has seen to it
  who_ = shared_.keeper->name_of(*identity_);
  const bool resumed = tls_->tls().resumed();
  if (!resumed) ticket_.reset();
  auto grants = shared_.keeper->admit(*identity_, resumed ? auth::Coming::kAgain : auth::Coming::kFirst, peer_);
  if (!grants) {
    shared_.keeper->punish(peer_, auth::Offence::kFailed);
    log_event(log::Level::warn, "login-refused", {{"reason", grants.error().message()}},
              fmt::format("{} ({}) refused: {}", name_, who_, grants.error().message()));
    return refuse("denied", std::holds_alternative<auth::PublicKey>(*identity_)
                                ? "your key " + who_ + " may not come in here"
                                : "this invitation is not good any more");
  }
  grants_ = std::move(*grants);
  place_.reset();
  log_event(log::Level::info, "login", {},
            fmt::format("{} ({}) is let in{}", name_, who_, resumed ? " by its ticket" : ""));
  judge_later();
  if (dialled_ == nullptr) return await(kHandshakeTime, "it said no hello");
  timer_.cancel();  // the desk speaks when somebody sits down there
  dialled_->stands(*this, tls_->tls());
}

void NativeConnection::log_event(log::Level level, std::string_view event, log::Fields more,
                                 const std::string& text) const {
  more.insert(more.begin(), {{"door", "farpty"}, {"peer", name_}, {"who", who_}});
  log::event(level, event, more, text);
}

// When its time is over, and every --reauth.
void NativeConnection::judge_later() {
  using std::chrono::seconds;
  std::optional<seconds> wait;
  if (settings_->reauth > seconds(0)) wait = settings_->reauth;
  if (grants_->expires) {
    const seconds left(std::max<auth::Seconds>(0, *grants_->expires - Doorkeeper::now()));
    wait = wait ? std::min(*wait, left) : left;
  }
  if (!wait) return;
  judging_.run_after(*wait, [this] { judge_again(); });
}

void NativeConnection::judge_again() {
  if (leaving_) return;
  const auto grants = shared_.keeper->admit(*identity_, auth::Coming::kAgain, peer_);
  if (!grants) {
    log_event(log::Level::warn, "dismissed", {{"reason", grants.error().message()}},
              fmt::format("{} ({}) has to leave: {}", name_, who_, grants.error().message()));
    return refuse("denied", "you may not be here any longer");
  }
  if (*grants != *grants_) {
    log_event(log::Level::info, "dismissed", {{"reason", "its rights have changed"}},
              fmt::format("{} ({}) has to leave: its rights have changed", name_, who_));
    return refuse("denied", "what you may do here has changed: connect again");
  }
  judge_later();
}

void NativeConnection::received(Bytes plain) {
  if (!grants_ || leaving_) return;
  if (dialled_ != nullptr) dialled_->heard();
  gathering_ = true;
  conversation_.feed(plain);
  while (!closed_already_) {
    auto message = conversation_.next();
    if (!message) {
      const std::string why = log::printable(message.error().text);
      log_event(log::Level::warn, "closed", {{"reason", why}}, fmt::format("{}: closed: {}", name_, why));
      refuse(message.error().code, message.error().text);
      break;
    }
    if (!*message) break;
    if (const auto type = wire::type_of(**message);
        dialled_ != nullptr && type != wire::Type::kHello && type != wire::Type::kStart)
      dialled_->known();
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
    case Type::kDetach: detached_ = true; return seat_ ? seat_->detach() : void();
    case Type::kRedraw: return seat_ ? seat_->redraw() : void();
    case Type::kList: return list();
    case Type::kKill: return answer(kill_session(std::get<wire::Kill>(message), shared_.registry, *grants_));
    case Type::kInvite:
      return answer(
          make_invitation(std::get<wire::Invite>(message), shared_.registry, *shared_.keeper, *identity_, *grants_));
    case Type::kPing: return say(wire::Pong{.cookie = std::get<wire::Ping>(message).cookie});
    case Type::kBye:
    case Type::kError:
      if (seat_ && wire::type_of(message) == Type::kBye) seat_->bye();
      seat_.reset();
      if (dialled_ != nullptr && !detached_ && wire::type_of(message) == Type::kBye) dialled_->hung_up();
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

void NativeConnection::start(const wire::Start& start) {
  if (leaving_) return;
  if (const auto begun = shared_.keeper->begun(who_, start.id)) return start_again(start, *begun);
  const auto existing = wanted_session(start, shared_.registry, *grants_);
  if (!existing) return refuse(existing.error().code, existing.error().text);
  if (*existing != nullptr) return attach(start, **existing);
  if (grants_->writing == auth::Writing::kRefused) return refuse("denied", "your key may only look (read-only)");
  if (shared_.gate.is_full(shared_.registry.count())) return refuse("busy", "all places are taken; try again later");
  auto spec = spec_of(start, *settings_, *grants_);
  if (!spec)
    return refuse(spec.error().operation == "unsupported" ? "unsupported" : "cannot-start", spec.error().message());
  seat_ = std::make_unique<NativeSeat>(voice(), name_, who_, start.terminal);
  const auto started = shared_.registry.start(*spec, *seat_, {.offset = 0, .size = spec->size});
  if (!started) {
    seat_.reset();
    log_event(log::Level::err, "start-failed", {{"reason", started.error().message()}},
              fmt::format("{}: {}", name_, started.error().message()));
    if (dialled_ != nullptr) dialled_->cannot_start(started.error().message());
    return refuse("cannot-start", started.error().message());
  }
  const unsigned id = (*started)->session().id();
  const std::string program = log::printable(spec->program.file);
  log_event(log::Level::info, "session-start", {{"session", id}, {"name", start.name}, {"program", program}},
            fmt::format("session {} started: {} for {} by farpty ({})", id, program, name_, who_));
  if (grants_->command) shared_.keeper->remember_command(id, *grants_->command);
  shared_.keeper->remember(who_, start.id, {.session = id, .seat = (*started)->id()});
  seat(**started, {.created = true, .terminal = start.terminal});
}

// What was started under other rights is not to be had under these.
bool NativeConnection::may_return_to(const session::Session& session) const {
  return (!grants_->session || *grants_->session == session.id()) &&
         (!session.has_terminal() || grants_->terminal == auth::Terminal::kAllowed) &&
         (!grants_->command || shared_.keeper->command_of(session.id()) == grants_->command);
}

// The answer to the first one was lost on its way.
void NativeConnection::start_again(const wire::Start& start, Doorkeeper::Begun begun) {
  auto* const session = shared_.registry.find(begun.session);
  if (session == nullptr) return refuse("no-session", "the session is no more");
  if (!may_return_to(*session)) return refuse("denied", kOtherRights);
  seat_ = std::make_unique<NativeSeat>(voice(), name_, who_, start.terminal);
  session::Seat& place = session->attach(
      *seat_, {.seat = begun.seat, .offset = 0, .pen = session::Pen::kIfFree, .size = window_of(start.size)});
  if (place.id() != begun.seat) return refuse_stranger(place);
  seat(place, {.created = true, .terminal = start.terminal});
}

void NativeConnection::attach(const wire::Start& start, session::Session& session) {
  if (!may_return_to(session)) return refuse("denied", kOtherRights);
  seat_ = std::make_unique<NativeSeat>(voice(), name_, who_, true);
  const bool looks_only = start.read_only || grants_->writing == auth::Writing::kRefused;
  session::Seat& place = session.attach(
      *seat_, {.pen = looks_only ? session::Pen::kNever : session::Pen::kTake, .size = window_of(start.size)});
  log_event(log::Level::info, "session-attach",
            {{"session", session.id()}, {"name", session.name()}, {"role", looks_only ? "reader" : "writer"}},
            fmt::format("session {} attached: {} ({})", session.id(), name_, who_));
  seat(place, {.terminal = true, .output = place.position()});
}

void NativeConnection::resume(const wire::Resume& resume) {
  if (leaving_) return;
  const auto named = NativePlace::unpack(resume.seat, shared_.keeper->run());
  auto* const session = named ? shared_.registry.find(named->session) : nullptr;
  if (session == nullptr || !session->lasts() || (grants_->session && *grants_->session != session->id()))
    return refuse("no-session", "the session is no more");
  if (!may_return_to(*session)) return refuse("denied", kOtherRights);
  const bool has_terminal = session->has_terminal();
  seat_ = std::make_unique<NativeSeat>(voice(), name_, who_, has_terminal);
  session::Seat& place = session->attach(
      *seat_, {.seat = named->seat,
               .offset = resume.output + resume.errors,
               .pen = grants_->writing == auth::Writing::kRefused ? session::Pen::kNever : session::Pen::kIfFree,
               .size = window_of(resume.size)});
  if (place.id() != named->seat) return refuse_stranger(place);
  log_event(log::Level::info, "session-resume", {{"session", session->id()}, {"name", session->name()}},
            fmt::format("session {} resumed: {} ({})", session->id(), name_, who_));
  seat(place, {.resumed = true, .terminal = has_terminal, .output = resume.output, .errors = resume.errors});
}

// The seat that was named is not there, or another's. Nobody sits on the new one, and nobody's pen was taken for it.
void NativeConnection::refuse_stranger(session::Seat& fresh) {
  fresh.detach();  // lint-allow(detach): the seat, not a thread
  seat_.reset();
  refuse("no-session", "the session does not know you any more");
}

void NativeConnection::seat(session::Seat& seat, wire::Started started) {
  const auto info = seat.session().info();
  seat_->sit(seat);
  started.session = info.id;
  started.name = info.name;
  started.seat = NativePlace{.session = info.id, .seat = seat.id()}.packed(shared_.keeper->run());
  started.writer = seat.role() == session::Role::kWriter;
  if (started.resumed)
    started.input = seat.input_taken();
  else
    seat_->skip_taken();
  started.input_limit = started.input + seat_->input_window();
  if (!seat.session().has_terminal()) tls_->carry_bulk();
  started.tty = info.tty;
  give_ticket();
  say(started);
  give_credential(info.id);
  seat_->begin();
}

// A guest's invitation may be spent; with this one it comes back after a cut.
void NativeConnection::give_credential(unsigned session) {
  const auto* const guest = std::get_if<auth::InvitationId>(&*identity_);
  if (guest == nullptr || dialled_ != nullptr || shared_.keeper->is_credential(*guest)) return;
  const auto token = shared_.keeper->credential(*guest, *grants_, session);
  if (!token) return log::warn("{}: {}", name_, token.error().message());
  const auto bytes_of = [](const auto& bytes) { return std::string(as_text(Bytes(bytes))); };
  const auto left = grants_->expires ? std::max<auth::Seconds>(1, *grants_->expires - Doorkeeper::now()) : 0;
  say(wire::Credential{.id = bytes_of(token->id.bytes),
                       .secret = bytes_of(token->secret.bytes()),
                       .expires = static_cast<std::uint64_t>(left)});
}

// Who has a key comes back after a cut by a ticket of TLS's, which proves it as the key would.
void NativeConnection::give_ticket() {
  if (!std::holds_alternative<auth::PublicKey>(*identity_)) return;
  tls_->give_ticket(auth::encode_ticket(
      {.identity = *identity_, .grants = *grants_, .proved = ticket_ ? ticket_->proved : Doorkeeper::now()}));
}

void NativeConnection::list() {
  const auto answers = list_sessions(shared_.registry, *grants_);
  if (!answers) return refuse(answers.error().code, answers.error().text);
  for (const auto& answer : *answers) say(answer);
}

template <typename T>
void NativeConnection::answer(const Answer<T>& given) {
  if (given)
    say(*given);
  else
    refuse(given.error().code, given.error().text);
}

void NativeConnection::say(const wire::Message& message) {
  say_with_next(message);
  if (!gathering_) flush();
}

void NativeConnection::say_with_next(const wire::Message& message) {
  if (!conversation_.may_send(wire::type_of(message))) return;  // it is over: too late
  if (plain_.capacity() == 0) plain_.swap(spare_store());
  conversation_.send(message, plain_);
}

void NativeConnection::flush() {
  if (plain_.empty() || closed_already_) return;
  auto said = std::exchange(plain_, {});
  tls_->send(said);
  said.clear();
  if (said.capacity() <= kMostSpare) spare_store() = std::move(said);
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
  if (dialled_ != nullptr && !identity_ && (fault == net::TlsSocket::Fault::kPeers || tls_->tls().peer_broke_off()))
    dialled_->refused(*this, why);
  else if (place_ && !identity_ && fault == net::TlsSocket::Fault::kPeers)
    shared_.keeper->punish(peer_, auth::Offence::kNoTry);
  if (!why.empty())
    log_event(log::Level::info, "broken", {{"reason", log::printable(why)}},
              fmt::format("{}: {}", name_, log::printable(why)));
  close();
}

void NativeConnection::ask() {
  if (may_ask()) say(wire::Ping{.cookie = 1});
}

void NativeConnection::leave() {
  if (leaving_ || closed_already_) return;
  seat_.reset();
  leaving_ = true;
  await(kFarewellTime, "it did not close");
  tls_->finish();
}

void NativeConnection::close() {
  if (std::exchange(closed_already_, true)) return;
  timer_.cancel();
  judging_.cancel();
  seat_.reset();
  if (tls_) tls_->abandon();
  closed_(*this);
}

}  // namespace farpty::door
