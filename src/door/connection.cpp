#include "door/connection.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/log.hpp"
#include "door/terminfo_store.hpp"
#include "net/peer_socket.hpp"
#include "net/socket.hpp"

namespace farpty::door {

namespace {

// For the peer to answer our FIN with its own: an earlier close with its bytes unread would reset the connection, and the
// last output with it (RFC 1122, 4.2.2.13).
constexpr std::chrono::seconds kLinger{1};
constexpr std::chrono::milliseconds kSeeOffPause{5};
constexpr int kDropsPerRound = 16;  // a peer that floods us after the end leaves each round to the others
constexpr std::chrono::seconds kFlushTimeout{30};  // for a peer that does not read
constexpr std::chrono::seconds kLastFlush{2};      // the same, where the server itself is leaving
// A decoder may hand on a few bytes more than it just got: what it held back before.
constexpr std::size_t kHeldBack = 64;

std::string why(const session::End& end, const session::Limits& limits) {
  switch (end.cause) {
    case session::Cause::kIdle: return fmt::format("hung up: no input for {} s", limits.idle.count());
    case session::Cause::kMaxDuration: return fmt::format("hung up: {} s are over", limits.max_duration.count());
    case session::Cause::kKilled: return "hung up by farpty kill";
    case session::Cause::kServerStopping: return "hung up: the server is stopping";
    case session::Cause::kNotRecorded: return "hung up: it can no longer be recorded";
    case session::Cause::kProgramEnded:
    case session::Cause::kPeerGone:
    case session::Cause::kReplaced: break;
  }
  return {};
}

}  // namespace

Connection::Connection(Shared& shared, std::shared_ptr<const Settings> settings, OwnedFd socket, Gate::Pass pass,
                       std::function<void(Guest&)> closed)
    : shared_(shared),
      settings_(std::move(settings)),
      socket_(std::move(socket)),
      pass_(std::move(pass)),
      closed_(std::move(closed)),
      later_(shared.loop.context),
      timer_(shared.loop.context) {}

Connection::~Connection() {
  if (seat_ != nullptr) seat_->viewer_gone();
}

Result<> Connection::open() {
  FARPTY_ASSIGN(readiness, Readiness::watch(context(), socket_.get()));
  readiness_ = std::move(readiness);
  begin();
  read();
  return {};
}

void Connection::start_program(const std::string& term, WindowSize size) {
  if (state_ != State::kOpen || seat_ != nullptr) return;
  session::Spec spec = settings_->spec;
  spec.size = size;
  describe_terminal(term, {}, term, spec.program.environment);
  auto started = shared_.registry.start(spec, *this);
  if (!started) {
    log::event(log::Level::err, "start-failed",
               {{"door", door()}, {"peer", peer()}, {"who", identity()}, {"reason", started.error().message()}},
               fmt::format("{}: {}", peer(), started.error().message()));
    say(started.error().message());
    return finish_sending(kFlushTimeout);
  }
  seat_ = *started;
  const unsigned id = seat_->session().id();
  log::event(log::Level::info, "session-start",
             {{"session", id}, {"program", spec.program.file}, {"door", door()}, {"peer", peer()}, {"who", identity()}},
             fmt::format("session {} started: {} for {} by {}", id, spec.program.file, peer(), door()));
  if (!early_input_.empty()) {
    seat_->input(early_input_.front());
    early_input_.clear();
  }
  if (peer_half_closed_) seat_->end_input();
}

// Reads while the program takes what is typed. What the peer sends after the end is read and dropped, see linger().
void Connection::read() {
  reading_ = false;
  while (state_ == State::kOpen && !broken_ && !peer_half_closed_) {
    const std::size_t room = seat_ != nullptr ? seat_->input_room() : early_input_.room();
    if (room <= kHeldBack) return watch_for_breakage();
    const MutableBytes into = shared_.loop.buffer.first(std::min(room - kHeldBack, shared_.loop.buffer.size()));
    const auto got = net::receive(socket_.get(), into);
    if (got.code == EAGAIN) break;
    if (got.code != 0) return lost();
    if (got.count == 0) return peer_ended();
    const Bytes wire = into.first(got.count);
    if (const auto verdict = first_bytes_.look(wire); verdict != Verdict::kFine) {
      const auto* const reason =
          verdict == Verdict::kHttp ? "a web page's request is not for this door" : "TLS is not for this door";
      log::event(log::Level::warn, "closed", {{"door", door()}, {"peer", peer()}, {"reason", reason}},
                 fmt::format("{}: closed: {}", peer(), reason));
      return lost();
    }
    receive(wire);
    if (!got.more) break;
  }
  if (state_ != State::kOpen || broken_ || peer_half_closed_ || reading_) return;
  reading_ = true;
  readiness_.when_readable([this] { read(); });
}

// Nothing is read now, because the program takes no input or the peer will send none; a reset must be noticed all the same.
void Connection::watch_for_breakage() {
  pollfd socket{.fd = socket_.get(), .events = 0, .revents = 0};
  if (poll(&socket, 1, 0) > 0 && (socket.revents & (POLLERR | POLLHUP)) != 0) return lost();
  if (!reading_)
    readiness_.when_readable([this] {
      if (state_ == State::kOpen && !reading_) watch_for_breakage();
    });
}

void Connection::peer_ended() {
  peer_half_closed_ = true;
  // A peer that nobody holds any more is gone. One that only finished sending, or of which we cannot know, gets its output.
  if (net::peer_is_held(socket_.get()) == false) return lost();
  end_of_peer();
  if (seat_ != nullptr) seat_->end_input();
  watch_for_breakage();
}

void Connection::type(Bytes bytes) {
  if (bytes.empty()) return;
  if (seat_ != nullptr) return seat_->input(bytes);
  if (!early_input_.push(bytes))
    log::warn("{}: {} bytes typed before the program ran did not fit", peer(), bytes.size());
}

std::size_t Connection::output_room() const {
  return broken_ || state_ != State::kOpen ? 0 : kMaxUnsent - std::min(kMaxUnsent, unsent_.size());
}

bool Connection::input_waits() const {
  if (peer_half_closed_) return false;  // an end stays readable for ever
  pollfd socket{.fd = socket_.get(), .events = POLLIN, .revents = 0};
  return poll(&socket, 1, 0) > 0;
}

void Connection::send(Bytes wire) {
  if (broken_ || state_ == State::kLingering || state_ == State::kClosed) return;
  if (unsent_.empty()) {
    const ssize_t count = ::send(socket_.get(), wire.data(), wire.size(), MSG_NOSIGNAL);
    if (count >= 0) wire = wire.subspan(static_cast<std::size_t>(count));
    if (wire.empty()) return;
    if (count < 0 && errno != EAGAIN && errno != EINTR) {
      broken_ = true;
      return later_.run([this] { lost(); });
    }
    readiness_.when_writable([this] { flush(); });
  }
  if (!unsent_.push(wire)) {
    // Program output is bounded by output_room(); only a peer that asks and never reads can get here.
    log::warn("{}: closed: it does not read our answers", peer());
    broken_ = true;
    later_.run([this] { lost(); });
  }
}

void Connection::flush() {
  while (!unsent_.empty()) {
    const ssize_t count = ::send(socket_.get(), unsent_.front().data(), unsent_.size(), MSG_NOSIGNAL);
    if (count < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN) return lost();
      readiness_.when_writable([this] { flush(); });
      break;
    }
    unsent_.pop(static_cast<std::size_t>(count));
  }
  if (state_ == State::kFlushing && unsent_.empty()) return linger();
  if (seat_ != nullptr && output_room() > 0) seat_->output_wanted();
}

void Connection::say(const std::string& message) { say_bytes(as_bytes("farpty: " + message + "\r\n")); }

void Connection::ended(const session::End& end) {
  seat_ = nullptr;
  if (const auto reason = why(end, settings_->spec.limits); !reason.empty()) {
    say_bytes(as_bytes("\r\n"));
    say(reason);
  }
  finish_sending(end.cause == session::Cause::kServerStopping ? kLastFlush : kFlushTimeout);
}

void Connection::finish_sending(std::chrono::seconds patience) {
  if (state_ != State::kOpen) return;
  state_ = State::kFlushing;
  if (broken_) return;  // lost() is on its way
  if (unsent_.empty()) return linger();
  timer_.run_after(patience, [this] { close(); });
}

void Connection::linger() {
  if (state_ != State::kLingering) {
    state_ = State::kLingering;
    shutdown(socket_.get(), SHUT_WR);
    linger_until_ = session::Clock::now() + kLinger;
    see_off();
  }
  std::array<std::byte, 4096> dropped;
  for (int i = 0; i < kDropsPerRound; ++i) {
    const auto got = net::receive(socket_.get(), dropped);
    if (got.code == EAGAIN) return readiness_.when_readable([this] { linger(); });
    if (got.code != 0 || got.count == 0) return close();
  }
  later_.run([this] { linger(); });
}

// A netcat whose keyboard is still open stays when it reads our end; only a reset makes it leave. On loopback the kernel
// tells when its program has read everything, so that the reset costs it nothing. Most clients are gone before the first look.
void Connection::see_off() {
  timer_.run_after(kSeeOffPause, [this] {
    const bool has_read_all = net::peer_has_read_all(socket_.get()) == true;
    if (!has_read_all && session::Clock::now() < linger_until_) return see_off();
    if (has_read_all) net::abort_on_close(socket_.get());
    close();
  });
}

void Connection::lost() {
  if (state_ == State::kClosed) return;
  if (auto* seat = std::exchange(seat_, nullptr)) seat->viewer_gone();
  close();
}

void Connection::close() {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  timer_.cancel();
  later_.cancel();
  readiness_ = Readiness();
  socket_.reset();
  closed_(*this);
}

}  // namespace farpty::door
