#include "session/session.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/check.hpp"
#include "base/log.hpp"

namespace farpty::session {

namespace {

// A read this long or longer may have left more behind; a shorter one took all there was, if more was asked for, and the next
// bytes give a new edge. The kernel's pty hands out at most 4096 at a time.
constexpr std::size_t kMayBeMore = 1024;

// How long what is kept of a busy screen may be more than what an idle session may keep, in which it is measured after 5 s.
constexpr std::chrono::seconds kSettling{2};

}  // namespace

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
  std::size_t filled = 0, asked = 0;
  pty::Transfer got;
  do {
    asked = room - filled;
    got = terminal_->read(loop_.buffer.subspan(filled, asked));
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
  const bool took_all = got.count < std::min(asked, kMayBeMore) && !got.more;
  const bool exhausted = state_ == State::kRunning && (got.code != 0 || took_all);
  if (exhausted)
    terminal_->when_readable([this] { pump_output(); });
  else
    next_round_.run([this] { pump_output(); });
}

// Of a flood nothing stays: what is parsed for a checkpoint in the midst of it is parsed for nobody, while the loop waits.
void Session::settle_later() {
  settles_ = true;
  settling_.run_after(kSettling, [this, from = bytes_out_] {
    settles_ = false;
    if (bytes_out_ - from > Picture::kMostBehind) return settle_later();
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
