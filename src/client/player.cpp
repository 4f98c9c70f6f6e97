#include "client/player.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <utility>

#include "vt/screen.hpp"

namespace farpty::client {

namespace {

constexpr cast::Micros kSecond = 1'000'000;
constexpr cast::Micros kJump = 5 * kSecond, kFarJump = 60 * kSecond;
constexpr std::string_view kBell = "\a";

}  // namespace

Result<> Player::open() {
  watched_ = isatty(STDOUT_FILENO) == 1;
  FARPTY_ASSIGN(out, Outlet::open(context_, STDOUT_FILENO, [this] {
                  flush();
                  advance();
                }));
  out_ = std::move(out);
  FARPTY_TRY(user_.open({.resized = [] {}, .signalled = [this](int number) { quit(128 + number); }}));
  if (watched_) FARPTY_TRY(user_.enter_raw());
  return {};
}

Result<int> Player::run() {
  pace_.go_to(0, Pace::Clock::now());
  if (user_.raw() != nullptr) user_.when_typed([this] { typed(); });
  advance();
  context_.run();
  user_.leave_raw();
  if (error_) return std::unexpected(*error_);
  return status_;
}

// Shows what is due.
void Player::advance() {
  while (!over_ && unsaid_.empty()) {
    const auto event = tape_->next();
    if (!event) return fail(event.error());
    if (*event == nullptr) return end();
    if (watched_) {
      if (pace_.pauses()) return;
      if (Pace::Clock::now() < pace_.due((*event)->at)) return wait_until_due((*event)->at);
    }
    show(**event);
    tape_->take();
  }
}

void Player::wait_until_due(cast::Micros at) {
  timer_.run_at(pace_.due(at), [this] { advance(); });
}

// The size of the user's window is the user's, and what was typed was echoed where it was meant to be seen.
void Player::show(const cast::Event& event) {
  if (event.kind == cast::Event::Kind::kOutput) say(event.bytes);
}

void Player::say(std::string text) {
  if (watched_ && trace_.see(as_bytes(text)) && user_.raw() != nullptr) user_.raw()->set_undo(trace_.undo());
  unsaid_ += text;
  flush();
}

// As far as there is room.
void Player::flush() {
  while (!unsaid_.empty() && out_->room() > 0 && !out_->broken()) {
    const std::size_t count = std::min(unsaid_.size(), out_->room());
    out_->write(as_bytes(unsaid_).first(count));
    unsaid_.erase(0, count);
  }
  if (out_->broken()) return quit(128 + SIGPIPE);
  if (over_ && unsaid_.empty() && out_->empty()) context_.stop();
}

void Player::typed() {
  std::array<std::byte, 256> buffer;
  while (true) {
    const auto got = UserTerminal::read(buffer);
    if (got.what == UserTerminal::Typed::What::kEnd) return quit(128 + SIGHUP);
    if (got.what == UserTerminal::Typed::What::kNothing) break;
    for (const PlayKey key : keys_.read(got.bytes)) obey(key);
  }
  user_.when_typed([this] { typed(); });
}

void Player::obey(PlayKey key) {
  const auto position = pace_.position(Pace::Clock::now());
  if (key == PlayKey::kQuit) return quit(0);
  if (key == PlayKey::kInterrupt) return quit(128 + SIGINT);
  if (over_) return;
  switch (key) {
    case PlayKey::kPause: return pause_or_go_on();
    case PlayKey::kStep: return step();
    case PlayKey::kBack: return seek(position - kJump);
    case PlayKey::kForward: return seek(position + kJump);
    case PlayKey::kFarBack: return seek(position - kFarJump);
    case PlayKey::kFarForward: return seek(position + kFarJump);
    case PlayKey::kStart: return seek(0);
    case PlayKey::kQuit:
    case PlayKey::kInterrupt: return;
  }
}

void Player::pause_or_go_on() {
  const auto now = Pace::Clock::now();
  if (!pace_.pauses()) return pace_.pause(now);
  pace_.go_on(now);
  advance();
}

// While it pauses: the next output, whenever it is due.
void Player::step() {
  if (!pace_.pauses() || !unsaid_.empty()) return;
  while (true) {
    const auto event = tape_->next();
    if (!event) return fail(event.error());
    if (*event == nullptr) return end();
    const bool shows = (*event)->kind == cast::Event::Kind::kOutput;
    pace_.go_to((*event)->at, Pace::Clock::now());
    show(**event);
    tape_->take();
    if (shows) return;
  }
}

void Player::seek(cast::Micros target) {
  if (!tape_->rewind()) return say(std::string(kBell));  // of a pipe
  vt::Screen screen(tape_->header().size);
  while (true) {
    const auto event = tape_->next();
    if (!event) return fail(event.error());
    if (*event == nullptr || (*event)->at > target) break;
    if ((*event)->kind == cast::Event::Kind::kOutput) screen.feed(as_bytes((*event)->bytes));
    if ((*event)->kind == cast::Event::Kind::kResize) screen.resize((*event)->size);
    tape_->take();
  }
  unsaid_.clear();  // a redraw ends whatever sequence the terminal is in the middle of
  pace_.go_to(target, Pace::Clock::now());
  timer_.cancel();
  say(screen.redraw());
  advance();
}

// All was played: what was said last is still on its way.
void Player::end() {
  if (std::exchange(over_, true)) return;
  if (watched_ && user_.raw() == nullptr) unsaid_ += trace_.undo();
  flush();
}

// The user has enough, and does not wait for a terminal that takes nothing.
void Player::quit(int status) {
  over_ = true;
  status_ = status;
  context_.stop();
}

void Player::fail(Error error) {
  error_ = std::move(error);
  end();
}

}  // namespace farpty::client
