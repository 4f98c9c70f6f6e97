#include "vt/screen.hpp"

#include <algorithm>
#include <cstring>

namespace farpty::vt {

namespace {

WindowSize sane(WindowSize size) {
  return {.columns = std::clamp<std::uint16_t>(size.columns, 2, kMaxColumns),
          .rows = std::clamp<std::uint16_t>(size.rows, 1, kMaxRows)};
}

void set_default_tabs(std::vector<bool>& tabs, std::size_t from, std::size_t columns) {
  tabs.resize(columns);
  for (std::size_t column = from; column < columns; ++column) tabs[column] = column % 8 == 0;
}

// How many bytes at the beginning mean nothing for the modes; some of them, where there are many. memchr(3) looks at many at a
// time; the bound is for a stream of SO without an ESC, which would be searched for one again and again.
std::size_t meaningless(Bytes bytes) {
  constexpr std::size_t kMost = 1024;
  constexpr int kEsc = 0x1b, kShiftOut = 0x0e, kShiftIn = 0x0f;
  std::size_t count = std::min(bytes.size(), kMost);
  for (const int control : {kEsc, kShiftOut, kShiftIn})
    if (const void* const found = std::memchr(bytes.data(), control, count))
      count = static_cast<std::size_t>(static_cast<const std::byte*>(found) - bytes.data());
  return count;
}

}  // namespace

Screen::Screen(WindowSize size) : size_(sane(size)), modes_(size_), cells_(size_) {
  set_default_tabs(tabs_, 0, size_.columns);
}

void Screen::feed(Bytes output) { parser_.feed(output, *this); }

void Screen::skip(Bytes output) {
  while (!output.empty()) {
    if (const std::size_t count = parser_.partial().empty() ? meaningless(output) : 0; count > 0) {
      output = output.subspan(count);
      continue;
    }
    feed(output.first(1));
    output = output.subspan(1);
  }
}

// The margins go, as xterm does it (ScreenResize).
void Screen::resize(WindowSize size) {
  size_ = sane(size);
  const Position at = cells_.cursor();
  modes_.margins = {};
  modes_.resize(size_);
  cells_.resize(size_);
  const Position now = cells_.cursor();
  cells_.set_margins(modes_);
  cells_.set_pen(modes_.pen);
  put_cursor({.row = now.row, .column = std::min<int>(at.column, size_.columns - 1)}, false);
  set_default_tabs(tabs_, std::min<std::size_t>(tabs_.size(), size_.columns), size_.columns);
  if (beneath_) beneath_->resize(size_);
  for (Saved& saved : saved_) saved.at = within(saved.at);
  last_ = 0;
}

void Screen::on_text(std::u32string_view text) {
  const int set = modes_.charsets.left;
  if (modes_.charsets.sets[static_cast<std::size_t>(set)] == Charsets::Set{}) return print(text);
  std::u32string mapped(text);
  for (char32_t& character : mapped) character = modes_.charsets.map(character, set);
  print(mapped);
}

void Screen::on_single_shift(int set, char32_t character) {
  const char32_t mapped = modes_.charsets.map(character, set);
  print({&mapped, 1});
}

void Screen::print(std::u32string_view text) {
  if (text.empty()) return;
  cells_.print(text);
  last_ = text.back();
}

void Screen::on_control(char control) {
  modes_.control(control);
  last_ = 0;
  switch (control) {
    case '\b':
    case '\t':
    case '\n':
    case '\v':
    case '\f':
    case '\r': return cells_.control(control);
    default: return;
  }
}

void Screen::on_escape(const Escape& escape) {
  last_ = 0;
  modes_.escape(escape);
  if (escape.intermediates[0] == '#' && escape.intermediates[1] == 0) {
    if (escape.final == '8') {  // DECALN
      modes_.resize(size_);
      cells_.set_margins(modes_);
    }
    if (std::string_view("34568").find(escape.final) == std::string_view::npos) return;
    cells_.escape('#', escape.final);
    // A line of double width has half of the columns.
    const Position at = cells_.cursor();
    const int last = cells_.row_width(at.row) - 1;
    if (at.column > last) cells_.move({.row = at.row, .column = last}, modes_);
    return;
  }
  if (escape.intermediates[0] != 0) return;
  switch (escape.final) {
    case '7': return save_cursor();
    case '8': return restore_cursor();
    case 'D':
    case 'E':
    case 'M': return cells_.escape(0, escape.final);
    case 'H': tabs_[static_cast<std::size_t>(cells_.cursor().column)] = true; return cells_.escape(0, 'H');
    case 'c': return reset();
    default: return;
  }
}

void Screen::reset() {
  if (modes_.alternate) leave_alternate(Restore::kNothing);
  const bool had_autowrap = modes_.autowrap;
  modes_.reset(size_);
  saved_ = {};
  set_default_tabs(tabs_, 0, size_.columns);
  if (!had_autowrap) cells_.set_dec(7, true);
  cells_.escape(0, 'c');
}

void Screen::on_osc(std::string_view text) { modes_.osc(text); }

void Screen::on_csi(const Csi& csi) {
  using O = Csi;
  if (csi.operation() == O::operation(0, 0, 'b')) return repeat(csi.positive(0, 1));
  last_ = 0;
  switch (csi.operation()) {
    case O::operation(0, 0, 'h'):
    case O::operation(0, 0, 'l'):
    case O::operation('?', 0, 'h'):
    case O::operation('?', 0, 'l'):
    case O::operation('?', 0, 'r'): return set_modes(csi);
    case O::operation(0, 0, 's'):
      if (!modes_.left_right) return save_cursor();
      break;
    case O::operation(0, 0, 'u'): return restore_cursor();
    case O::operation(0, 0, 'g'): return tab_clear(csi.value(0, 0));
    default: break;
  }
  modes_.csi(csi, size_);
  switch (csi.operation()) {
    case O::operation(0, 0, 'm'): return cells_.set_pen(modes_.pen);
    case O::operation(0, 0, 'r'):
    case O::operation(0, 0, 's'):
      if (modes_.takes_margins(csi, size_)) cells_.set_margins(modes_);  // which sends the cursor home
      return;
    case O::operation(0, '!', 'p'): {
      const Position at = cells_.cursor();
      saved_[modes_.alternate ? 1 : 0] = {};
      for (const int number : {6, 69}) cells_.set_dec(number, false);
      cells_.set_dec(7, true);
      cells_.set_ansi(4, false);
      cells_.set_margins(modes_);
      cells_.set_pen(modes_.pen);
      return put_cursor(at, false);
    }
    default: return edit(csi);
  }
}

// What moves the cursor or changes cells.
void Screen::edit(const Csi& csi) {
  const std::uint32_t operation = csi.operation();
  if (csi.prefix == '?' && (csi.final == 'J' || csi.final == 'K') && csi.intermediates[0] == 0) {
    if (csi.value(0, 0) <= 2) cells_.csi('?', 0, csi.final, csi.value(0, 0));
    return;
  }
  if (operation == Csi::operation(0, '\'', '}') || operation == Csi::operation(0, '\'', '~'))
    return cells_.csi(0, '\'', csi.final, csi.positive(0, 1));
  if (csi.prefix != 0 || csi.intermediates[0] != 0) return;
  switch (csi.final) {
    case 'J':
    case 'K':
      if (csi.value(0, 0) <= 2) cells_.csi(0, 0, csi.final, csi.value(0, 0));
      return;
    case 'H':
    case 'f': return cells_.csi(0, 0, 'H', csi.positive(0, 1), csi.positive(1, 1));
    case 'T':
      if (csi.count > 1) return;  // highlight mouse tracking
      [[fallthrough]];
    case '@':
    case 'A':
    case 'B':
    case 'E':
    case 'F': return move_rows(csi);
    case 'C':
    case 'D':
    case 'G':
    case 'I':
    case 'L':
    case 'M':
    case 'P':
    case 'S':
    case 'X':
    case 'Z':
    case '`':
    case 'a':
    case 'd':
    case 'e':
    case 'j':
    case 'k': return cells_.csi(0, 0, csi.final, csi.positive(0, 1));
    default: return;
  }
}

// From within the margins not beyond them (xterm: CursorUp, CursorDown).
void Screen::move_rows(const Csi& csi) {
  const bool up = csi.final == 'A' || csi.final == 'F';
  const int row = cells_.cursor().row;
  int count = csi.positive(0, 1);
  if (up && row >= modes_.margins.top) count = std::min(count, row - modes_.margins.top);
  if (!up && row <= modes_.margins.bottom) count = std::min(count, modes_.margins.bottom - row);
  cells_.cancel_wrap();
  if (count > 0) cells_.csi(0, 0, up ? 'A' : 'B', count);
  if (csi.final == 'E' || csi.final == 'F') cells_.control('\r');
}

// Bounded by the cells that there are: whole rows more would only fill them again.
void Screen::repeat(int count) {
  if (last_ == 0) return;
  const int cells = size_.columns * size_.rows;
  if (count > cells) count = cells + (count - cells) % size_.columns;
  print(std::u32string(static_cast<std::size_t>(count), last_));
}

void Screen::tab_clear(int what) {
  if (what == 0)
    tabs_[static_cast<std::size_t>(cells_.cursor().column)] = false;
  else if (what == 3)
    std::fill(tabs_.begin(), tabs_.end(), false);
  else
    return;
  cells_.csi(0, 0, 'g', what);
}

void Screen::set_modes(const Csi& csi) {
  for (std::size_t i = 0; i < csi.count; ++i) {
    Csi one = csi;
    one.count = 1;
    one.parameters[0] = csi.parameters[i];
    const bool on = csi.final == 'h';
    const int number = one.value(0, 0);
    const bool had_autowrap = modes_.autowrap, had_origin = modes_.origin;
    modes_.csi(one, size_);
    if (csi.prefix != '?') {
      if (number == 4 || number == 20) cells_.set_ansi(number, on);
      continue;
    }
    switch (number) {
      case 6:
        if (csi.final != 'r' || had_origin != modes_.origin) cells_.set_dec(6, modes_.origin);
        break;
      case 7:
        if (had_autowrap != modes_.autowrap) {
          if (!modes_.autowrap) cells_.cancel_wrap();
          cells_.set_dec(7, modes_.autowrap);
        }
        break;
      case 69:
        if (!modes_.left_right) {
          modes_.margins.left = 0;
          modes_.margins.right = size_.columns - 1;
        }
        cells_.set_dec(69, modes_.left_right);
        break;
      case 1048:
        if (csi.final == 'r') break;
        if (on)
          save_cursor();
        else
          restore_cursor();
        break;
      case 1049:
      case 1047:
      case 47:
        if (csi.final == 'r') break;
        if (on) {
          if (number == 1049) save_cursor();
          enter_alternate();
        } else {
          leave_alternate(number == 1049 ? Restore::kCursor : Restore::kNothing);
        }
        break;
      default: break;
    }
  }
}

void Screen::save_cursor() {
  saved_[modes_.alternate ? 1 : 0] = Saved{.at = cells_.cursor(),
                                           .wraps = cells_.wraps(),
                                           .pen = modes_.pen,
                                           .charsets = modes_.charsets,
                                           .origin = modes_.origin};
}

void Screen::restore_cursor() {
  const Saved& saved = saved_[modes_.alternate ? 1 : 0];
  modes_.pen = saved.pen;
  modes_.charsets = saved.charsets;
  modes_.origin = saved.origin;
  cells_.set_pen(modes_.pen);
  cells_.set_dec(6, modes_.origin);
  put_cursor(saved.at, saved.wraps);
}

Position Screen::within(Position at) const {
  return {.row = std::min<int>(at.row, size_.rows - 1), .column = std::min<int>(at.column, size_.columns - 1)};
}

void Screen::put_cursor(Position at, bool wraps) {
  const Position place = within(at);
  cells_.move(place, modes_);
  if (!wraps || !modes_.autowrap || place.column + 1 < cells_.row_width(place.row)) return;
  cells_.touch_last_column(modes_);
}

void Screen::enter_alternate() {
  if (modes_.alternate) return;
  beneath_ = cells_.copy();
  modes_.alternate = true;
  cells_.set_dec(1047, true);
}

void Screen::leave_alternate(Restore what) {
  if (modes_.alternate) {
    modes_.alternate = false;
    saved_[1] = {};
    beneath_.reset();
    cells_.set_dec(1047, false);
  }
  if (what == Restore::kCursor) restore_cursor();
}

}  // namespace farpty::vt
