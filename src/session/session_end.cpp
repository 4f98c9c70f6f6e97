// How a session ends: with its program, whose last output is drained first; by a hang-up, with its grace; by a limit of time.
//
// kRunning -> kDraining -> (kEnded, while lost viewers may come for the rest) -> kClosed, or from any of them
// kHungUp -> kClosed.
#include "session/session.hpp"

#include <algorithm>
#include <csignal>

#include <fmt/format.h>

#include "base/log.hpp"
#include "pty/process_table.hpp"

namespace farpty::session {

namespace {

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

}  // namespace

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
  const auto* const why = cause != Cause::kPeerGone                       ? "by the server"
                          : audience_.has_viewers() || !audience_.lasts() ? "its peer is gone"
                                                                          : "nobody came back";
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

}  // namespace farpty::session
