// The echo queue: how entries are written, and how they turn into output (n_tty.c: __process_echoes).
#include "tty/echo.hpp"

#include "tty/character.hpp"

namespace farpty::tty {

void Echo::as_is(std::uint8_t c) {
  if (c == kEscape) add(kEscape);
  add(c);
}

void Echo::visibly(std::uint8_t c, const Termios& settings) {
  const bool with_caret = settings.local(lflag::kEchoctl) && is_control(c) && c != '\t';
  if (c == kEscape || with_caret) add(kEscape);
  add(c);
}

void Echo::line_start() {
  add(kEscape);
  add(kLineStart);
}

void Echo::one_column_back() {
  add(kEscape);
  add(kColumnBack);
}

void Echo::erased_tab(unsigned cells, Since since) {
  add(kEscape);
  add(kErasedTab);
  add(static_cast<std::uint8_t>((cells % 8) | (since == Since::kTab ? 0x80 : 0)));
}

void Echo::commit(const Termios& settings) {
  marked_ = head_;
  const std::uint64_t before = committed_ - drained_;
  const std::uint64_t now = head_ - drained_;
  if (now < kBlock || now % kBlock > before % kBlock) return;  // not yet another block
  committed_ = head_;
  drain(settings);
}

void Echo::resume(const Termios& settings) {
  if (marked_ == drained_) return;
  committed_ = marked_;
  drain(settings);
}

void Echo::flush(const Termios& settings) {
  if (!settings.local(lflag::kEcho | lflag::kEchonl) || committed_ == head_) return;
  committed_ = head_;
  drain(settings);
}

void Echo::drain(const Termios& settings) {
  std::size_t room = output_.room();
  while (!ends_at(drained_)) {
    const std::uint8_t c = at(drained_);
    const Step step = c == kEscape ? drain_operation(room) : drain_character(c, settings, room);
    if (step == Step::kIncomplete) return;
    if (step == Step::kNoRoom) break;
  }
  discard_oldest();
}

Echo::Step Echo::drain_character(std::uint8_t c, const Termios& settings, std::size_t& room) {
  if (settings.output(oflag::kOpost)) {
    const int used = output_.put_processed(c, settings, room);
    if (used == Output::kNoRoom) return Step::kNoRoom;
    room -= static_cast<std::size_t>(used);
  } else {
    if (room == 0) return Step::kNoRoom;
    output_.put(c);
    --room;
  }
  ++drained_;
  return Step::kDone;
}

// n_tty.c: n_tty_process_echo_ops. `incomplete` can only be met after the queue ran over its own start.
Echo::Step Echo::drain_operation(std::size_t& room) {
  if (ends_at(drained_ + 1)) return Step::kIncomplete;
  const std::uint8_t operation = at(drained_ + 1);
  switch (operation) {
    case kErasedTab: return drain_erased_tab(room);
    case kLineStart: output_.mark_line_start(); break;
    case kColumnBack: output_.step_back(); break;
    case kEscape:
      if (room == 0) return Step::kNoRoom;
      output_.put(kEscape);
      output_.advance(1);
      --room;
      break;
    default:
      if (room < 2) return Step::kNoRoom;
      output_.put('^');
      output_.put(operation ^ 0100);
      output_.advance(2);
      room -= 2;
      break;
  }
  drained_ += 2;
  return Step::kDone;
}

Echo::Step Echo::drain_erased_tab(std::size_t& room) {
  if (ends_at(drained_ + 2)) return Step::kIncomplete;
  unsigned cells = at(drained_ + 2);
  if ((cells & 0x80) == 0) cells += output_.line_start();
  const unsigned back = 8 - cells % 8;
  if (back > room) return Step::kNoRoom;
  for (unsigned i = 0; i < back; ++i) {
    output_.put('\b');
    output_.step_back();
  }
  room -= back;
  drained_ += 3;
  return Step::kDone;
}

// The newest echo matters most: a queue that is nearly full loses its oldest entries.
void Echo::discard_oldest() {
  while (committed_ > drained_ && committed_ - drained_ >= kDiscardAbove) {
    if (at(drained_) != kEscape) {
      drained_ += 1;
    } else {
      drained_ += at(drained_ + 1) == kErasedTab ? 3 : 2;
    }
  }
}

}  // namespace farpty::tty
