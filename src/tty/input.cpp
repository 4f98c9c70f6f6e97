// Bytes as they come from the master: room, translation, flow control, signals, echo (n_tty.c: the receive path).
#include "tty/character.hpp"
#include "tty/line_discipline.hpp"

namespace farpty::tty {

std::size_t LineDiscipline::receive(const std::uint8_t* bytes, std::size_t size) {
  return receive(bytes, size, WhenFull::kHoldBack);
}

void LineDiscipline::simulate_input(std::uint8_t c) { static_cast<void>(receive(&c, 1, WhenFull::kDrop)); }

// n_tty.c: n_tty_receive_buf_common. Room is measured once more after the last byte, which can drop a byte of an overlong
// line, and notes that the queue is full.
std::size_t LineDiscipline::receive(const std::uint8_t* bytes, std::size_t size, WhenFull when_full) {
  std::size_t taken = 0;
  for (;;) {
    const Room room = make_room(when_full);
    const std::size_t piece = size - taken < room.bytes ? size - taken : room.bytes;
    if (piece == 0) break;
    take_in(bytes + taken, piece);
    taken += piece;
  }
  if (held_back_ && readable_bytes() + given_ == 0) input_has_room();
  return taken;
}

// A line that is too long goes on being edited but not kept: a further byte is dropped again, while a newline or an erase
// still comes through. This holds only while no complete line waits.
LineDiscipline::Room LineDiscipline::make_room(WhenFull when_full) {
  constexpr int kParityMarkSize = 3;  // PARMRK may need three bytes for one
  int room = static_cast<int>(InputQueue::kSize) - static_cast<int>(input_.size() + given_);
  if (settings_.input(iflag::kParmrk)) room = (room + kParityMarkSize - 1) / kParityMarkSize;
  --room;
  if (room > 0) return {.bytes = static_cast<std::size_t>(room), .overflow = false};
  const bool overflow = edits_lines() && input_.lines == input_.tail - given_;
  if (overflow && room < 0 && input_.size() > 0) --input_.head;
  held_back_ = when_full == WhenFull::kHoldBack && !overflow;
  return {.bytes = overflow ? 1U : 0U, .overflow = overflow};
}

// n_tty.c: __receive_buf
void LineDiscipline::take_in(const std::uint8_t* bytes, std::size_t size) {
  const bool translates =
      settings_.input(iflag::kIstrip) || (settings_.input(iflag::kIuclc) && settings_.local(lflag::kIexten));
  const std::size_t seen = looked_ahead_ < size ? static_cast<std::size_t>(looked_ahead_) : size;
  if (passes_all_ || (settings_.local(lflag::kExtproc) && !translates)) {
    take_in_raw(bytes, size);
  } else {
    for (std::size_t i = 0; i < size; ++i) type(bytes[i], i < seen ? Seen::kLookedAhead : Seen::kFirstTime);
    echo_.flush(settings_);
  }
  looked_ahead_ -= seen;
  if (!reads_lines()) input_.published = input_.head;
}

void LineDiscipline::take_in_raw(const std::uint8_t* bytes, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) input_.put(bytes[i]);
}

// n_tty.c: n_tty_receive_buf_standard
void LineDiscipline::type(std::uint8_t c, Seen seen) {
  if (settings_.input(iflag::kIstrip)) c &= 0x7f;
  if (settings_.input(iflag::kIuclc) && settings_.local(lflag::kIexten)) c = to_lower(c);
  if (quote_next_) {
    quote_next_ = false;
    type_plain(c);
  } else if (settings_.local(lflag::kExtproc)) {
    input_.put(c);
  } else if (is_special(c)) {
    type_special(c, seen);
  } else {
    type_plain(c);
  }
}

// n_tty.c: n_tty_receive_char_special
void LineDiscipline::type_special(std::uint8_t c, Seen seen) {
  if (settings_.input(iflag::kIxon) && control_flow_by(c, seen)) return;
  if (settings_.local(lflag::kIsig) && signal_by(c)) return;
  start_by_any_key();
  if (c == '\r') {
    if (settings_.input(iflag::kIgncr)) return;
    if (settings_.input(iflag::kIcrnl)) c = '\n';
  } else if (c == '\n' && settings_.input(iflag::kInlcr)) {
    c = '\r';
  }
  if (edits_lines() && edit_line(c)) return;
  if (settings_.local(lflag::kEcho) && c == '\n') {
    end_erasing();
    echo_.as_is('\n');
    echo_.commit(settings_);
  } else {
    echo_typed(c);
  }
  keep(c);
}

// n_tty.c: n_tty_receive_char
void LineDiscipline::type_plain(std::uint8_t c) {
  start_by_any_key();
  echo_typed(c);
  keep(c);
}

void LineDiscipline::echo_typed(std::uint8_t c) {
  if (!settings_.local(lflag::kEcho)) return;
  end_erasing();
  if (input_.lines == input_.head) echo_.line_start();
  echo_.visibly(c, settings_);
  echo_.commit(settings_);
}

// PARMRK doubles the byte that would otherwise announce a mark.
void LineDiscipline::keep(std::uint8_t c) {
  if (c == 0xff && settings_.input(iflag::kParmrk)) input_.put(c);
  input_.put(c);
}

// n_tty.c: n_tty_receive_char_flow_ctrl
bool LineDiscipline::control_flow_by(std::uint8_t c, Seen seen) {
  const bool starts = c == settings_.cc[kVstart];
  if (!starts && c != settings_.cc[kVstop]) return false;
  if (seen == Seen::kLookedAhead) return true;
  if (starts) {
    start_output();
  } else {
    flow_.stop();
  }
  return true;
}

void LineDiscipline::look_ahead(const std::uint8_t* bytes, std::size_t size) {
  looked_ahead_ += size;
  if (!settings_.input(iflag::kIxon)) return;
  for (std::size_t i = 0; i < size; ++i) control_flow_by(bytes[i], Seen::kFirstTime);
}

void LineDiscipline::start_by_any_key() {
  if (flow_.stopped() && !flow_.held() && settings_.input(iflag::kIxon) && settings_.input(iflag::kIxany))
    start_output();
}

bool LineDiscipline::signal_by(std::uint8_t c) {
  if (c == settings_.cc[kVintr]) {
    signal(&Actions::interrupt, c);
  } else if (c == settings_.cc[kVquit]) {
    signal(&Actions::quit, c);
  } else if (c == settings_.cc[kVsusp]) {
    signal(&Actions::suspend, c);
  } else {
    return false;
  }
  return true;
}

// n_tty.c: n_tty_receive_signal_char, isig
void LineDiscipline::signal(bool Actions::* kind, std::uint8_t c) {
  actions_.*kind = true;
  if (!settings_.local(lflag::kNoflsh)) {
    echo_.clear();
    flush_output();
    input_.clear();
    erasing_ = false;
    looked_ahead_ = 0;
    flow_.report(packet::kFlushRead);
  }
  if (settings_.input(iflag::kIxon)) flow_.start();
  if (settings_.local(lflag::kEcho)) {
    echo_.visibly(c, settings_);
    echo_.commit(settings_);
  } else {
    echo_.resume(settings_);
  }
}

}  // namespace farpty::tty
