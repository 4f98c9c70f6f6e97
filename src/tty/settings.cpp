// Changing the settings, flushing, stopping: what ioctls do to a line discipline.
#include <initializer_list>

#include "tty/line_discipline.hpp"

namespace farpty::tty {

LineDiscipline::LineDiscipline(MasterPort& master) : output_(master, flow_), echo_(output_) {
  find_special_characters();
}

// tty_ioctl.c: tty_set_termios; pty.c: pty_set_termios; n_tty.c: n_tty_set_termios
void LineDiscipline::set_termios(const Termios& wanted) {
  const Termios before = settings_;
  settings_ = settled_termios(before, wanted);
  flow_.report_change(before, settings_);
  if (((before.lflag ^ settings_.lflag) & (lflag::kIcanon | lflag::kExtproc)) != 0) switch_line_mode();
  find_special_characters();
  // Without IXON no key could start the output again.
  if (before.input(iflag::kIxon) && !settings_.input(iflag::kIxon) && !flow_.held()) start_output();
}

bool LineDiscipline::put_back(const std::uint8_t* bytes, std::size_t size) {
  if (size >= InputQueue::kSize - input_.size()) return false;
  input_.put_back(bytes, size);
  given_ = given_ > size ? given_ - size : 0;
  return true;
}

// What was typed before the change becomes readable at once: as raw bytes, or as a line that ends here although no key
// ended it.
void LineDiscipline::switch_line_mode() {
  input_.forget_line_ends();
  if (edits_lines() && input_.size() > 0) {
    input_.mark_line_end(input_.head - 1);
    input_.lines = input_.head;
  } else {
    input_.lines = input_.tail;
  }
  input_.published = input_.head;
  erasing_ = false;
  quote_next_ = false;
}

void LineDiscipline::find_special_characters() {
  const Termios& s = settings_;
  passes_all_ = !s.input(iflag::kIstrip | iflag::kIuclc | iflag::kIgncr | iflag::kIcrnl | iflag::kInlcr | iflag::kIxon |
                         iflag::kParmrk) &&
                !s.local(lflag::kIcanon | lflag::kIsig | lflag::kEcho);
  for (auto& word : special_) word = 0;
  if (s.input(iflag::kIgncr | iflag::kIcrnl)) add_special('\r');
  if (s.input(iflag::kInlcr)) add_special('\n');
  if (s.local(lflag::kIcanon)) {
    add_special('\n');
    for (const Cc key : {kVerase, kVkill, kVeof, kVeol}) add_special(s.cc[key]);
    if (s.local(lflag::kIexten)) {
      for (const Cc key : {kVwerase, kVlnext, kVeol2}) add_special(s.cc[key]);
      if (s.local(lflag::kEcho)) add_special(s.cc[kVreprint]);
    }
  }
  if (s.input(iflag::kIxon)) {
    for (const Cc key : {kVstart, kVstop}) add_special(s.cc[key]);
  }
  if (s.local(lflag::kIsig)) {
    for (const Cc key : {kVintr, kVquit, kVsusp}) add_special(s.cc[key]);
  }
  special_[0] &= ~std::uint64_t{1};  // kDisabledCharacter
}

void LineDiscipline::flush_input() {
  input_.clear();
  erasing_ = false;
  looked_ahead_ = 0;
  input_has_room();
  flow_.report(packet::kFlushRead);
}

void LineDiscipline::flush_output() {
  output_.discard();
  flow_.report(packet::kFlushWrite);
}

void LineDiscipline::flush(Flush queue) {
  if (queue != Flush::kOutput) flush_input();
  if (queue != Flush::kInput) flush_output();
}

void LineDiscipline::control_flow(FlowAction action) {
  switch (action) {
    case FlowAction::kOutputOff: flow_.hold(); return;
    case FlowAction::kOutputOn: flow_.release(); return;
    case FlowAction::kInputOff:
    case FlowAction::kInputOn: break;
  }
  const std::uint8_t c = settings_.cc[action == FlowAction::kInputOff ? kVstop : kVstart];
  if (c == kDisabledCharacter) return;
  // tty_io.c: tty_send_xchar lets this one byte pass stopped output (unless TCOOFF stopped it).
  const bool was_stopped = flow_.stopped();
  if (was_stopped) flow_.start();
  output_.put(c);
  if (was_stopped) flow_.stop();
}

void LineDiscipline::start_output() {
  flow_.start();
  echo_.resume(settings_);
}

void LineDiscipline::set_given(std::size_t bytes) {
  if (bytes < given_) input_has_room();
  given_ = bytes;
}

void LineDiscipline::input_has_room() {
  if (!held_back_) return;
  held_back_ = false;
  resume_ = true;
}

bool LineDiscipline::wants_held_back_input() {
  const bool resume = resume_;
  resume_ = false;
  return resume;
}

Actions LineDiscipline::take_actions() {
  const Actions taken = actions_;
  actions_ = {};
  return taken;
}

}  // namespace farpty::tty
