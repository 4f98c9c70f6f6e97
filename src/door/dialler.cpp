#include "door/dialler.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/log.hpp"

namespace farpty::door {

namespace {

using std::chrono::seconds;

constexpr seconds kRedial{1};
constexpr seconds kTick{1};
constexpr seconds kReachTime{30};  // until the first connection stands
// The desk asks after 5 s of silence (client/liveness.cpp), so that who sits there is heard more often than that.
constexpr seconds kQuiet{6};
constexpr seconds kDead{10};

}  // namespace

Dialler::Dialler(Shared& shared, std::shared_ptr<const Settings> settings, Wish wish, Over over)
    : shared_(shared),
      settings_(std::move(settings)),
      wish_(std::move(wish)),
      over_(std::move(over)),
      lost_(Clock::now()),
      tick_(shared.loop.context),
      later_(shared.loop.context) {}

Dialler::~Dialler() = default;

void Dialler::begin() {
  dial();
  tick();
}

const auth::Token& Dialler::token() const {
  return next_ == Used::kCredential && credential_ ? *credential_ : wish_.token;
}

// The desk may have the one session that there is, and nothing else.
Result<> Dialler::admit_desk() {
  const auto ids = shared_.registry.ids();
  auth::InvitationTerms terms{.expires = auth::kNever};
  if (!ids.empty()) terms.session = ids.front();
  FARPTY_TRY(shared_.keeper->adopt(wish_.token, terms));
  if (!credential_) return {};
  terms.of = wish_.token.id;  // the same desk: it comes back to its seat
  return shared_.keeper->adopt(*credential_, terms);
}

void Dialler::dial() {
  if (ending_ || wish_.addresses.empty()) return;
  dialled_ = Clock::now();
  std::size_t trying = 0;
  for (const auto& [number, attempt] : attempts_)
    trying += attempt.connection.get() != line_ || line_ == nullptr ? 1 : 0;
  if (trying >= kMostAttempts) {
    const auto oldest = std::ranges::find_if(
        attempts_, [this](const auto& one) { return line_ == nullptr || one.second.connection.get() != line_; });
    drop(oldest->first);
  }
  const unsigned number = next_attempt_++;
  auto& attempt = attempts_[number];
  attempt.reach = std::make_unique<net::Reach>(shared_.loop.context);
  attempt.reach->open(wish_.addresses[next_address_++ % wish_.addresses.size()],
                      wish_.tunnel ? &*wish_.tunnel : nullptr,
                      [this, number](Result<OwnedFd> socket) { reached(number, std::move(socket)); });
}

void Dialler::reached(unsigned number, Result<OwnedFd> socket) {
  const auto found = attempts_.find(number);
  if (found == attempts_.end() || found->second.failed) return;
  auto& attempt = found->second;
  const auto begin = [&]() -> Result<> {
    if (!socket) return std::unexpected(std::move(socket).error());
    FARPTY_TRY(admit_desk());
    attempt.used = next_;
    Dialled& dialled = *this;
    attempt.connection =
        std::make_unique<NativeConnection>(shared_, settings_, std::move(*socket), Doorkeeper::Place(*shared_.keeper),
                                           dialled, [this](Guest& guest) { closed(guest); });
    return attempt.connection->open();
  };
  if (auto begun = begin(); !begun) {
    log::debug("{}: {}", wish_.name, begun.error().reason);
    result_ = failure("cannot connect to", wish_.name, begun.error().reason);
    attempt.failed = true;
    later_.run([this] { look_after(); });
  }
}

// The first handshake that stands is the line; what stood before is thought dead, and the others are too late.
void Dialler::stands(Guest& connection, const net::Tls& tls) {
  if (tls.invitation() == wish_.token.id) {
    if (auto token = tls.token_of_handshake()) {
      credential_ = std::make_unique<auth::Token>(std::move(*token));
      known_ = false;
    }
  }
  if (credential_) next_ = Used::kCredential;
  for (auto& [number, attempt] : attempts_) {
    if (attempt.connection.get() == &connection) {
      line_ = attempt.connection.get();
    } else if (attempt.connection) {
      attempt.connection->leave();
    } else {
      attempt.failed = true;
    }
  }
  stood_ = true;
  heard_ = Clock::now();
  log::debug("connected to {}", wish_.name);
}

void Dialler::heard() { heard_ = Clock::now(); }

void Dialler::hung_up() {
  ending_ = true;
  shared_.registry.finish_all(session::Cause::kPeerGone);
  later_.run([this] { look_after(); });
}

void Dialler::cannot_start(const std::string& why) {
  ending_ = true;
  result_ = failure("cannot run", "the program", why);
}

// By the desk that knows the credential this is final, as it is before anything stood. Where the desk may never have heard of the
// credential, since the end of that handshake was lost on its way, the token is good still: both are tried, in turn.
void Dialler::refused(Guest& connection, const std::string& why) {
  if (credential_ && !known_) {
    const auto attempt = std::ranges::find_if(
        attempts_, [&connection](const auto& one) { return one.second.connection.get() == &connection; });
    if (attempt != attempts_.end())
      next_ = attempt->second.used == Used::kCredential ? Used::kToken : Used::kCredential;
    return;
  }
  if (shared_.registry.count() > 0) return;  // whoever answers there may be nobody of ours
  result_ = failure("cannot connect to", wish_.name, "the token was not accepted there (" + log::printable(why) + ")",
                    "it may have been used, or its time may be over: farpty listen makes a new one");
  ending_ = true;
}

void Dialler::closed(const Guest& connection) {
  if (&connection == line_) {
    line_ = nullptr;
    lost_ = Clock::now();
  }
  for (auto& [number, attempt] : attempts_)
    if (attempt.connection.get() == &connection) attempt.failed = true;
  later_.run([this] { look_after(); });
}

void Dialler::drop(unsigned number) { attempts_.erase(number); }

void Dialler::session_ended() {
  ending_ = true;
  later_.run([this] { look_after(); });
}

void Dialler::stop() {
  ending_ = true;
  shared_.registry.finish_all(session::Cause::kServerStopping);
  result_ = failure("ended", "", "by a signal");
  later_.run([this] { look_after(); });
}

void Dialler::tick() {
  look_after();
  if (over_) tick_.run_after(kTick, [this] { tick(); });
}

void Dialler::look_after() {
  std::erase_if(attempts_, [](const auto& one) { return one.second.failed; });
  if (shared_.registry.count() > 0) had_session_ = true;
  if (ending_) return leave_if_done();
  const auto now = Clock::now();
  bool redial = line_ == nullptr;
  if (line_ != nullptr && had_session_) {
    // Between two people at the desk nobody speaks: there the kernel's own probes have to do.
    if (now - heard_ > kQuiet) line_->ask();
    redial = now - heard_ > kDead && line_->may_ask();
  }
  if (!stood_) {
    if (attempts_.empty())
      return give_up(result_ ? failure("cannot connect to", wish_.name, "it closed the connection").error()
                             : result_.error());
    if (now - lost_ > kReachTime)
      return give_up(failure("cannot connect to", wish_.name, reason_of(ETIMEDOUT)).error());
  } else if (line_ == nullptr && now - lost_ > wish_.patience) {
    return give_up(failure("gave up", wish_.name, "it was not reached for too long").error());
  }
  if (redial && now - dialled_ >= kRedial) dial();
}

void Dialler::give_up(Error why) {
  result_ = std::unexpected(std::move(why));
  ending_ = true;
  shared_.registry.finish_all(session::Cause::kPeerGone);
  leave_if_done();
}

// When the session is gone, what it said last is still on its way.
void Dialler::leave_if_done() {
  if (shared_.registry.count() > 0) return;
  const auto is_open = [](const auto& one) { return one.second.connection != nullptr && !one.second.failed; };
  if (line_ != nullptr && !had_session_) line_->leave();
  if (std::ranges::any_of(attempts_, is_open) || !over_) return;
  tick_.cancel();
  auto over = std::exchange(over_, nullptr);
  over(std::exchange(result_, {}));
}

}  // namespace farpty::door
