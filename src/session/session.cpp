#include "session/session.hpp"

#include <sys/wait.h>

#include <algorithm>
#include <csignal>

#include <fmt/format.h>

#include "base/check.hpp"
#include "base/log.hpp"
#include "pty/process_table.hpp"

namespace farpty::session {

namespace {

// A read this long or longer may have left more behind; a shorter one took all there was, and the next bytes give a new
// edge. The kernel's pty hands out at most 4096 at a time.
constexpr std::size_t kMayBeMore = 1024;

// How long what is kept of a busy screen may be more than what an idle session may keep, in which it is measured after 5 s.
constexpr std::chrono::seconds kSettling{2};

Shown shown(pty::TerminalKind kind) {
  const bool pipes = kind == pty::TerminalKind::kPipes || kind == pty::TerminalKind::kPipesApart;
  return pipes ? Shown::kNowhere : Shown::kOnTerminal;
}

// Null where it is not to be recorded.
Result<std::unique_ptr<Recorder>> open_recorder(unsigned id, const Spec& spec) {
  if (!spec.recording) return nullptr;
  Recorder::Subject subject{.session = id, .program = spec.program.file, .size = spec.size};
  if (spec.lasting) subject.name = spec.lasting->name;
  for (const std::string& variable : spec.program.environment)
    if (variable.starts_with("TERM=")) subject.term = variable.substr(std::string_view("TERM=").size());
  return Recorder::open(*spec.recording, subject);
}

// For the log.
const char* name_of(Cause cause) {
  switch (cause) {
    case Cause::kProgramEnded: return "program";
    case Cause::kPeerGone: return "peer-gone";
    case Cause::kIdle: return "idle";
    case Cause::kMaxDuration: return "max-duration";
    case Cause::kKilled: return "killed";
    case Cause::kServerStopping: return "stopping";
    case Cause::kReplaced: return "replaced";
    case Cause::kNotRecorded: return "not-recorded";
  }
  return "";
}

constexpr std::chrono::milliseconds kFirstGroupLook{5};  // most groups have gone by then; the look doubles

// The program as it is to start: with its limits and, in a sandbox, with that one's folders and environment. The steps point
// into `spec` and `sandbox`.
pty::Program confined(const Spec& spec, const pty::SandboxInstance* sandbox) {
  pty::Program program = spec.program;
  if (!spec.rlimits.empty()) program.steps.push_back(&spec.rlimits);
  if (sandbox == nullptr) return program;
  program.environment = sandbox->environment(program.environment);
  program.directory = sandbox->home();
  program.steps.push_back(sandbox);
  return program;
}

}  // namespace

Result<std::unique_ptr<Session>> Session::start(const Loop& loop, unsigned id, const Spec& spec,
                                                std::function<void(Session&)> closed) {
  std::unique_ptr<pty::SandboxInstance> sandbox;
  if (spec.sandbox) {
    FARPTY_ASSIGN(fresh, spec.sandbox->instance());
    sandbox = std::move(fresh);
  }
  FARPTY_ASSIGN(recorder, open_recorder(id, spec));
  auto begun = pty::start(loop.context, spec.terminal, confined(spec, sandbox.get()), spec.size);
  if (!begun) {
    if (recorder) recorder->discard();
    return std::unexpected(std::move(begun).error());
  }
  if (recorder)
    log::event(log::Level::info, "recording", {{"session", id}, {"file", recorder->path()}},
               fmt::format("session {} is recorded in {}", id, recorder->path()));
  std::unique_ptr<Session> session(
      new Session(loop, id, spec, std::move(*begun), std::move(sandbox), std::move(recorder), std::move(closed)));
  auto* self = session.get();
  if (self->sandbox_) FARPTY_TRY(self->sandbox_->answer_signals(loop.context, self->leader_));
  FARPTY_TRY(loop.children.watch(self->pid_, [self](pty::ExitStatus status) { self->program_ended(status); }));
  // Not read here: the caller may be using the shared buffer. What the program has written already gives the first edge.
  self->output_awaited_ = true;
  self->terminal_->when_readable([self] { self->pump_output(); });
  self->arm_limits();
  return session;
}

Session::Session(const Loop& loop, unsigned id, const Spec& spec, pty::Started started,
                 std::unique_ptr<pty::SandboxInstance> sandbox, std::unique_ptr<Recorder> recorder,
                 std::function<void(Session&)> closed)
    : loop_(loop),
      id_(id),
      program_name_(spec.program.file),
      name_(spec.lasting ? spec.lasting->name : ""),
      limits_(spec.limits),
      sandbox_(std::move(sandbox)),
      recorder_(std::move(recorder)),
      terminal_(std::move(started.terminal)),
      has_terminal_(spec.terminal.kind != pty::TerminalKind::kPipes &&
                    spec.terminal.kind != pty::TerminalKind::kPipesApart),
      audience_(spec.lasting, spec.size, shown(spec.terminal.kind)),
      closed_(std::move(closed)),
      pid_(started.child.pid),
      leader_(started.child.leader),
      keeper_(std::move(started.child.keeper)),
      started_at_(Clock::now()),
      last_input_(started_at_),
      last_left_(started_at_),
      next_round_(loop.context),
      timer_(loop.context),
      settling_(loop.context),
      unrecorded_end_(loop.context) {}

Session::~Session() {
  if (program_alive_) loop_.children.forget(pid_);
  end_recording();
}

Seat& Session::attach(Viewer& viewer, const Attach& attach) {
  FARPTY_CHECK(accepts_viewers());
  if (starter_.door.empty()) starter_ = {.door = viewer.door(), .peer = viewer.peer(), .who = viewer.identity()};
  Seat& seat = audience_.join(this, viewer, attach);
  if (seat.role() == Role::kWriter) apply_size(seat);
  wake_output();
  return seat;
}

bool Session::accepts_viewers() const { return state_ != State::kHungUp && state_ != State::kClosed; }

// Whether the session may go on. Not at once does it end: whoever types or resizes is on the stack.
bool Session::recorded(const Result<>& done) {
  if (done) return true;
  if (std::exchange(unrecorded_, true)) return false;
  log::event(log::Level::err, "recording-failed", {{"session", id_}, {"reason", done.error().message()}},
             fmt::format("session {} ends: {}", id_, done.error().message()));
  recorder_.reset();
  unrecorded_end_.run([this] { finish(Cause::kNotRecorded); });
  return false;
}

// Nothing more is read from the terminal.
void Session::end_recording() {
  const auto recorder = std::exchange(recorder_, nullptr);
  if (!recorder) return;
  if (const auto done = recorder->finish(); !done) log::error("session {}: {}", id_, done.error().message());
}

// One round: as much as the writer takes, at most a buffer. A program that never stops leaves each round to the others.
void Session::pump_output() {
  output_awaited_ = false;
  if (read_out_ || unrecorded_ || (state_ != State::kRunning && state_ != State::kDraining)) return;
  std::size_t room = std::min(audience_.room(), loop_.buffer.size());
  if (state_ == State::kDraining) room = std::min(room, kMaxAfterEnd - after_end_);
  if (room == 0) return;  // output_wanted() goes on
  // Several reads of a busy terminal go out as one: fewer and larger packets. But Ctrl-C is not to wait for a whole round:
  // a pty's read(2) may sleep until the kernel has moved the next 4 KiB (n_tty.c: n_tty_read, tty_buffer_flush_work).
  const Viewer* const typist = audience_.typist();
  std::size_t filled = 0;
  pty::Transfer got;
  do {
    got = terminal_->read(loop_.buffer.subspan(filled, room - filled));
    filled += got.count;
  } while (got.code == 0 && !got.more && got.count >= kMayBeMore && filled < room &&
           (typist == nullptr || !typist->input_waits()));
  if (filled > 0) {
    if (recorder_ && !recorded(recorder_->output(loop_.buffer.first(filled)))) return;
    bytes_out_ += filled;
    if (state_ == State::kDraining) after_end_ += filled;
    audience_.deliver(loop_.buffer.first(filled), got.stream);
    if (audience_.is_unsettled() && !settles_) settle_later();
  }
  if (state_ == State::kDraining && (got.code != 0 || after_end_ >= kMaxAfterEnd)) {
    read_out_ = true;
    end_recording();
    return end_for_served();
  }
  output_awaited_ = true;
  const bool exhausted = state_ == State::kRunning && (got.code != 0 || (got.count < kMayBeMore && !got.more));
  if (exhausted)
    terminal_->when_readable([this] { pump_output(); });
  else
    next_round_.run([this] { pump_output(); });
}

void Session::settle_later() {
  settles_ = true;
  settling_.run_after(kSettling, [this] {
    settles_ = false;
    audience_.settle();
  });
}

void Session::output_wanted(Seat& seat) {
  audience_.serve(seat);
  if (read_out_) return end_for_served();
  if (!output_awaited_) pump_output();
}

void Session::redraw(Seat& seat) {
  audience_.want_redraw(seat);
  output_wanted(seat);
}

// There may be room for output now. Not at once: the caller may be using the shared buffer.
void Session::wake_output() {
  if (output_awaited_ || read_out_) return;
  output_awaited_ = true;
  next_round_.run([this] { pump_output(); });
}

void Session::acknowledge(Seat& seat, Offset offset) {
  audience_.acknowledge(seat, offset);
  wake_output();
}

void Session::input(Seat& seat, Bytes bytes) {
  seat.input_taken_ += bytes.size();
  if (&seat != audience_.writer()) return;
  enter_input(bytes);
  if (input_.room() < kEnoughInputRoom) seat.input_awaited_ = true;
}

void Session::enter_input(Bytes bytes) {
  if (state_ != State::kRunning || unrecorded_) return;
  if (recorder_ && !recorded(recorder_->input(bytes))) return;
  last_input_ = Clock::now();
  bytes_in_ += bytes.size();
  if (input_.empty()) {
    const auto sent = terminal_->write(bytes);
    bytes = bytes.subspan(sent.count);
    if (sent.code != 0 && sent.code != EAGAIN) return;  // no program reads this terminal any more
    if (bytes.empty()) return;
    terminal_->when_writable([this] { pump_input(); });
  }
  if (!input_.push(bytes)) log::warn("session {}: {} typed bytes did not fit", id_, bytes.size());
}

void Session::pump_input() {
  if (state_ != State::kRunning) return;
  while (!input_.empty()) {
    const auto sent = terminal_->write(input_.front());
    if (sent.code == EAGAIN) {
      terminal_->when_writable([this] { pump_input(); });
      break;
    }
    if (sent.code != 0) input_.clear();
    input_.pop(sent.count);
  }
  if (input_.empty() && input_ended_ && !end_passed_on_) {
    end_passed_on_ = true;
    terminal_->end_input();
  }
  if (input_.room() < kEnoughInputRoom) return;
  for (const auto& seat : audience_.seats()) {
    if (!std::exchange(seat->input_awaited_, false) || seat->viewer_ == nullptr) continue;
    return seat->viewer_->input_wanted();  // the pen may have passed on meanwhile; whoever waits types first
  }
}

void Session::end_input(Seat& seat) {
  if (input_ended_ || &seat != audience_.writer()) return;
  input_ended_ = true;
  pump_input();
}

void Session::resize(Seat& seat, WindowSize size) {
  seat.size_ = size;
  if (&seat == audience_.writer()) apply_size(seat);
}

void Session::apply_size(const Seat& seat) {
  if (state_ != State::kRunning || !seat.size_ || terminal_->size() == *seat.size_) return;
  if (const auto done = terminal_->resize(*seat.size_); !done)
    return log::debug("session {}: {}", id_, done.error().message());
  if (recorder_ && !recorded(recorder_->resized(*seat.size_))) return;
  audience_.resized(*seat.size_);
}

void Session::take_pen(Seat& seat) {
  if (!audience_.give_pen(seat)) return;
  apply_size(seat);
  wake_output();
}

void Session::hand_pen_over(Seat& seat) {
  Seat* const next = audience_.next_writer(seat);
  if (next == nullptr || !audience_.give_pen(*next)) return;
  next->viewer_->role_changed(Role::kWriter);
  apply_size(*next);
  wake_output();
}

void Session::type(const Seat& seat, pty::ControlCharacter which) {
  if (state_ != State::kRunning || unrecorded_ || &seat != audience_.writer()) return;
  const auto character = terminal_->control_character(which);
  if (!character) return;
  using enum pty::ControlCharacter;
  // An interrupt that waits behind a full queue is none.
  if (which == kInterrupt || which == kQuit || which == kSuspend) {
    if (recorder_ && !recorded(recorder_->input(Bytes(&*character, 1)))) return;
    terminal_->write(Bytes(&*character, 1));
  } else if (input_.room() > 0) {
    enter_input(Bytes(&*character, 1));
  }
}

void Session::send_break(const Seat& seat) {
  if (state_ == State::kRunning && &seat == audience_.writer()) terminal_->send_break();
}

void Session::leave(Seat& seat, Leaving how) {
  if (audience_.lasts() && how == Leaving::kLost)
    audience_.lose(seat);
  else
    audience_.remove(seat);
  if (!audience_.lasts()) {
    if (state_ == State::kRunning)
      hang_up(Cause::kPeerGone);
    else if (state_ == State::kDraining)
      close();
    return;
  }
  if (state_ == State::kEnded && !audience_.has_seats()) return close();
  if (read_out_) return end_for_served();
  if (!audience_.has_viewers()) {
    last_left_ = Clock::now();
    audience_.pack();
    arm_limits();
  }
  wake_output();  // nobody's pace counts any more
}

void Session::finish(Cause cause) {
  if (state_ == State::kRunning || state_ == State::kDraining || state_ == State::kEnded) hang_up(cause);
}

void Session::program_ended(pty::ExitStatus status) {
  program_alive_ = false;
  end_.status = status;
  const std::string peer = audience_.typist() != nullptr ? audience_.typist()->peer() : "no peer";
  // Nothing can have left the session (the sandbox has no setsid), so nothing of a stranger's lives on. A keeper has seen to
  // it already, and since it reaped the leader the number may mean others.
  if (sandbox_ && !is_kept() && !pty::kill_session(leader_))
    log::warn("session {}: processes of it are still being made", id_);
  if (state_ == State::kHungUp) {
    group_look_ = kFirstGroupLook;
    await_hung_up_group();
  } else if (state_ == State::kRunning) {
    drain();
  }
  // The peer first: it waits for the end, the log does not.
  log_end(
      fmt::format("session {} ended: {} ({}, {}, {} bytes out)", id_, status.text(), program_name_, peer, bytes_out_));
}

// Who started it, not who saw its end: of a session that was left alone nobody did.
void Session::log_end(const std::string& text) const {
  log::Fields fields = {{"session", id_},
                        {"name", name_},
                        {"program", program_name_},
                        {"door", starter_.door},
                        {"peer", starter_.peer},
                        {"who", starter_.who},
                        {"seconds", std::chrono::duration<double>(Clock::now() - started_at_).count()},
                        {"bytes_in", bytes_in_},
                        {"bytes_out", bytes_out_},
                        {"cause", name_of(end_.cause)}};
  if (end_.status.signal != 0)
    fields.emplace_back("signal", end_.status.signal);
  else
    fields.emplace_back("status", end_.status.code);
  log::event(log::Level::info, "session-end", fields, text);
}

// Most often all was sent when the program ended, and this ends it at once.
void Session::drain() {
  state_ = State::kDraining;
  input_.clear();
  pump_output();
  if (state_ != State::kDraining) return;
  timer_.run_after(limits_.drain_timeout, [this] { end_drain(); });
}

void Session::end_drain() {
  if (state_ != State::kDraining) return;
  read_out_ = true;
  end_recording();
  audience_.end_connected(end_);  // before the slow close of a pty
  await_lost_viewers();
}

// The terminal is read out: whoever has got everything is told of the end.
void Session::end_for_served() {
  audience_.end_served(end_);
  if (!audience_.has_viewers()) await_lost_viewers();
}

void Session::await_lost_viewers() {
  if (state_ == State::kHungUp || state_ == State::kClosed) return;
  if (!audience_.has_seats()) return close();
  if (state_ == State::kEnded) return;
  state_ = State::kEnded;
  terminal_->hangup();
  audience_.pack();
  timer_.cancel();
  if (limits_.linger == std::chrono::seconds(0)) return;
  timer_.run_after(limits_.linger, [this] { close(); });
}

void Session::end_grace() {
  if (state_ == State::kHungUp) grace_over();
}

void Session::hang_up(Cause cause) {
  hung_up_group_ = terminal_->fg_pgrp();
  state_ = State::kHungUp;
  end_.cause = cause;
  input_.clear();
  terminal_->hangup();
  end_recording();
  const auto* const why = cause != Cause::kPeerGone ? "by the server"
                          : audience_.lasts()       ? "nobody came back"
                                                    : "its peer is gone";
  log::event(log::Level::info, "session-hangup", {{"session", id_}, {"name", name_}, {"cause", name_of(cause)}},
             fmt::format("session {} hung up: {}", id_, why));
  if (program_alive_) {
    grace_end_ = Clock::now() + limits_.hangup_grace;
    timer_.run_at(grace_end_, [this] { grace_over(); });
  }
  audience_.end_all(end_);
  if (!program_alive_) close();
}

// What ignored SIGHUP in the foreground has the rest of the grace period. The kernel tells nobody but their parents of the
// end of a group's processes, so this looks, ever less often.
void Session::await_hung_up_group() {
  // Under a keeper nothing is left.
  if (is_kept() || hung_up_group_ == leader_ || !pty::group_lives(hung_up_group_, leader_)) return close();
  if (Clock::now() >= grace_end_) return grace_over();
  timer_.run_at(std::min(Clock::now() + group_look_, grace_end_), [this] {
    if (state_ == State::kHungUp) await_hung_up_group();
  });
  group_look_ *= 2;
}

void Session::grace_over() {
  if (is_kept()) return keeper_.reset();  // it kills all, and its end is the program's
  if (hung_up_group_ != leader_) pty::kill_group_of_session(hung_up_group_, leader_);
  if (program_alive_) {
    kill(-leader_, SIGKILL);  // its own group; not reaped yet, so the number is its own
  } else {
    close();
  }
}

// One timer for both limits: it looks again where input came meanwhile, so that a keystroke costs no system call.
void Session::arm_limits() {
  using std::chrono::seconds;
  if (state_ != State::kRunning) return;
  auto next = Clock::time_point::max();
  const auto now = Clock::now();
  if (limits_.idle > seconds(0)) {
    if (now >= last_input_ + limits_.idle) return finish(Cause::kIdle);
    next = std::min(next, last_input_ + limits_.idle);
  }
  if (limits_.max_duration > seconds(0)) {
    if (now >= started_at_ + limits_.max_duration) return finish(Cause::kMaxDuration);
    next = std::min(next, started_at_ + limits_.max_duration);
  }
  if (audience_.lasts() && limits_.linger > seconds(0) && !audience_.has_viewers()) {
    if (now >= last_left_ + limits_.linger) return finish(Cause::kPeerGone);
    next = std::min(next, last_left_ + limits_.linger);
  }
  if (next == Clock::time_point::max()) return;
  timer_.run_at(next, [this] { arm_limits(); });
}

void Session::close() {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  timer_.cancel();
  terminal_->hangup();
  audience_.end_all(end_);
  closed_(*this);
}

Session::Info Session::info() const {
  const auto now = Clock::now();
  const Viewer* const typist = audience_.typist();
  Info info{.id = id_,
            .leader = leader_,
            .fg_pgrp = terminal_->fg_pgrp(),
            .program = program_name_,
            .name = name_,
            .tty = terminal_->name(),
            .door = typist != nullptr ? typist->door() : "",
            .peer = typist != nullptr ? typist->peer() : "",
            .lasts = audience_.lasts(),
            .size = terminal_->size(),
            .age = now - started_at_,
            .idle = now - last_input_,
            .bytes_in = bytes_in_,
            .bytes_out = bytes_out_};
  for (const auto& seat : audience_.seats())
    info.watchers.push_back({.seat = seat->id_,
                             .door = seat->viewer_ != nullptr ? seat->viewer_->door() : "",
                             .peer = seat->viewer_ != nullptr ? seat->viewer_->peer() : "",
                             .role = seat->role_});
  return info;
}

}  // namespace farpty::session
