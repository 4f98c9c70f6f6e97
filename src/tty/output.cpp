// OPOST: newline, return, tab, capital letters, and the column after each (n_tty.c: do_output_char, process_output_block).
#include "tty/output.hpp"

#include "tty/character.hpp"

namespace farpty::tty {

namespace {

constexpr unsigned kTabStop = 8;

bool moves_cursor(std::uint8_t c, const Termios& settings) {
  return !is_control(c) && !(settings.input(iflag::kIutf8) && is_utf8_continuation(c));
}

bool expands_tabs(const Termios& settings) { return (settings.oflag & oflag::kTabdly) == oflag::kXtabs; }

}  // namespace

int Output::put_newline(const Termios& settings, std::size_t room) {
  if (settings.output(oflag::kOnlret)) column_ = 0;  // even where the room does not suffice, as in the kernel
  if (settings.output(oflag::kOnlcr)) {
    if (room < 2) return kNoRoom;
    to_column_zero();
    static constexpr std::uint8_t kReturnNewline[] = {'\r', '\n'};
    put(kReturnNewline, 2);
    return 2;
  }
  mark_line_start();
  put('\n');
  return 1;
}

int Output::put_return(const Termios& settings) {
  if (settings.output(oflag::kOnocr) && column_ == 0) return 0;
  const bool as_newline = settings.output(oflag::kOcrnl);
  if (!as_newline || settings.output(oflag::kOnlret)) to_column_zero();
  put(as_newline ? '\n' : '\r');
  return 1;
}

int Output::put_tab(const Termios& settings, std::size_t room) {
  const unsigned cells = kTabStop - column_ % kTabStop;
  if (!expands_tabs(settings)) {
    column_ += cells;
    put('\t');
    return 1;
  }
  if (room < cells) return kNoRoom;
  column_ += cells;
  static constexpr std::uint8_t kSpaces[kTabStop] = {' ', ' ', ' ', ' ', ' ', ' ', ' ', ' '};
  put(kSpaces, cells);
  return static_cast<int>(cells);
}

int Output::put_processed(std::uint8_t c, const Termios& settings, std::size_t room) {
  if (room == 0) return kNoRoom;
  switch (c) {
    case '\n': return put_newline(settings, room);
    case '\r': return put_return(settings);
    case '\t': return put_tab(settings, room);
    case '\b': step_back(); break;
    default:
      if (!is_control(c) && settings.output(oflag::kOlcuc)) c = to_upper(c);
      if (moves_cursor(c, settings)) ++column_;
      break;
  }
  put(c);
  return 1;
}

std::size_t Output::put_unchanged(const std::uint8_t* bytes, std::size_t size, const Termios& settings) {
  const std::size_t limit = room();
  size = size > limit ? limit : size;
  std::size_t length = 0;
  for (; length < size; ++length) {
    const std::uint8_t c = bytes[length];
    if (c == '\n') {
      if (settings.output(oflag::kOnlret)) column_ = 0;
      if (settings.output(oflag::kOnlcr)) break;
      mark_line_start();
    } else if (c == '\r') {
      if (settings.output(oflag::kOcrnl) || (settings.output(oflag::kOnocr) && column_ == 0)) break;
      to_column_zero();
    } else if (c == '\t') {
      break;
    } else if (c == '\b') {
      step_back();
    } else if (!is_control(c)) {
      if (settings.output(oflag::kOlcuc)) break;
      if (moves_cursor(c, settings)) ++column_;
    }
  }
  return put(bytes, length);
}

}  // namespace farpty::tty
