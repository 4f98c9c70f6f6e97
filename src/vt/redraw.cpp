// Screen::redraw(): the screen as bytes. Order matters in it: what sends the cursor home (margins, origin mode) comes before
// what places it, and what draws comes while nothing changes how it is drawn.
#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "vt/row.hpp"
#include "vt/screen.hpp"

namespace farpty::vt {

namespace {

// Ends whatever the terminal was in the middle of (CAN, ST), shows the primary screen, takes away all that would bend what
// is drawn, and clears. Not RIS: that takes the user's scrollback and title in some terminals.
constexpr std::string_view kClean =
    "\x18\x1b\\\x1b[?25l\x1b[?5l\x1b[?1049l\x1b[?6l\x1b[?69l\x1b[r\x1b[4l\x1b[20l\x1b[?7h\x1b(B\x1b)B\x0f\x1b]8;;"
    "\x1b\\\x1b[m\x1b[H\x1b[2J";

auto to(std::string& out) { return std::back_inserter(out); }

bool has_default_charsets(const Charsets& charsets) { return charsets == Charsets{}; }

}  // namespace

void Screen::draw(std::string& out, const Grid& grid) const {
  Pen pen;
  for (int row = 0; row < grid.size.rows; ++row) {
    const LineSize line = grid.lines[static_cast<std::size_t>(row)];
    if (line != LineSize::kSingle) {
      static constexpr std::string_view kLine = "5634";
      fmt::format_to(to(out), "\x1b[{}H\x1b#{}", row + 1, kLine[static_cast<std::size_t>(line)]);
    }
    RowPainter(out, grid, row, pen).draw(0, line == LineSize::kSingle ? grid.size.columns : grid.size.columns / 2);
  }
  write_sgr(out, pen, Pen{});
}

namespace {

// The cursor where a wrap is due, by printing the row's last character again. From the default pen, and leaves its own.
bool place_on_wrap(std::string& out, const Grid& grid, int row, int width, Pen& pen) {
  int column = width - 1;
  if (grid.at(row, column).erased() && column > 0 && grid.at(row, column - 1).width == 2) --column;
  const Cell& cell = grid.at(row, column);
  if (cell.erased()) return false;
  fmt::format_to(to(out), "\x1b[{};{}H", row + 1, column + 1);
  write_sgr(out, pen, cell.pen);
  pen = cell.pen;
  write_characters(out, cell);
  return true;
}

int width_of(const Grid& grid, int row) {
  return grid.lines[static_cast<std::size_t>(row)] == LineSize::kSingle ? grid.size.columns : grid.size.columns / 2;
}

}  // namespace

// DECSC, for a DECRC that may come. Leaves what it saves in force: the caller may want it for ?1049.
void Screen::draw_saved(std::string& out, const Grid& grid, const Saved& saved) const {
  Pen pen;
  const int row = std::min<int>(saved.at.row, size_.rows - 1),
            column = std::min<int>(saved.at.column, size_.columns - 1);
  if (saved.origin) out += "\x1b[?6h";  // margins are the whole screen yet
  if (!saved.wraps || column + 1 < width_of(grid, row) || !place_on_wrap(out, grid, row, width_of(grid, row), pen))
    fmt::format_to(to(out), "\x1b[{};{}H", row + 1, column + 1);
  write_sgr(out, pen, saved.pen);
  if (!has_default_charsets(saved.charsets)) write_charsets(out, saved.charsets);
  out +=
      "\x1b"
      "7";
}

namespace {
// What draw_saved() left.
void undo_saved(std::string& out, bool origin, bool charsets) {
  if (origin) out += "\x1b[?6l";
  out += "\x1b[m";
  if (charsets) out += "\x1b(B\x1b)B\x0f";
}
}  // namespace

void Screen::draw_tabs(std::string& out) const {
  out += "\x1b[H\x1b[3g";
  int at = 0;
  for (int column = 0; column < size_.columns; ++column) {
    if (!tabs_[static_cast<std::size_t>(column)]) continue;
    if (column > at) fmt::format_to(to(out), "\x1b[{}C", column - at);
    out += "\x1bH";
    at = column;
  }
}

std::string Screen::redraw(Redrawn what) const {
  std::string out(kClean);
  const Grid shown = what == Redrawn::kAll ? cells_.copy() : Cells(size_).copy();
  const Grid& primary = beneath_ && what == Redrawn::kAll ? *beneath_ : shown;
  draw_tabs(out);  // while no line is of double width
  draw(out, primary);
  draw_saved(out, primary, saved_[0]);
  modes_.write_keyboard(out, false);
  if (modes_.alternate) out += "\x1b[?1049h";  // saves the same
  undo_saved(out, saved_[0].origin, !has_default_charsets(saved_[0].charsets));
  if (modes_.alternate) {
    out += "\x1b[H\x1b[2J";
    draw(out, shown);
    if (saved_[1] != Saved{}) {  // some terminals have one for both screens
      draw_saved(out, shown, saved_[1]);
      undo_saved(out, saved_[1].origin, !has_default_charsets(saved_[1].charsets));
    }
    modes_.write_keyboard(out, true);
  }
  modes_.write(out);
  draw_end(out, shown);
  return out;
}

// Margins, modes that bend what is printed, the cursor, and the beginning of what is not finished.
void Screen::draw_end(std::string& out, const Grid& grid) const {
  const Margins& margins = modes_.margins;
  if (modes_.left_right) fmt::format_to(to(out), "\x1b[?69h\x1b[{};{}s", margins.left + 1, margins.right + 1);
  if (!modes_.margins_are_whole(size_)) fmt::format_to(to(out), "\x1b[{};{}r", margins.top + 1, margins.bottom + 1);
  if (modes_.origin) out += "\x1b[?6h";

  const Position at = cells_.cursor();
  const auto go = [&](Position where) {
    const int row = where.row - (modes_.origin ? margins.top : 0);
    const int column = where.column - (modes_.origin && modes_.left_right ? margins.left : 0);
    fmt::format_to(to(out), "\x1b[{};{}H", std::max(row, 0) + 1, std::max(column, 0) + 1);
  };
  const auto print_again = [&](Position where, const Cell& cell, const Pen& from) {
    go(where);
    write_sgr(out, from, cell.pen);
    write_characters(out, cell);
  };
  const Position printed = cells_.last_printed();
  const Cell& last =
      grid.at(std::min<int>(printed.row, grid.size.rows - 1), std::min<int>(printed.column, grid.size.columns - 1));
  const bool is_just_printed = last_ != 0 && !last.erased() && printed.row == at.row &&
                               (cells_.wraps() || printed.column + last.width == at.column);
  const bool survives = std::ranges::all_of(
      last.characters, [&](char32_t c) { return modes_.charsets.map(c, modes_.charsets.left) == c; });
  if (is_just_printed && survives && !modes_.insert) {
    // The last byte is that character's, so that REP repeats it.
    if (!has_default_charsets(modes_.charsets)) write_charsets(out, modes_.charsets);
    if (!modes_.autowrap) out += "\x1b[?7l";
    modes_.write_link(out);
    Pen pen = last.pen;
    print_again(printed, last, Pen{});
    write_sgr(out, pen, modes_.pen);
    out += parser_.partial();
    return;
  }
  Pen pen;
  int column = cells_.row_width(at.row) - 1;
  if (cells_.wraps() && column > 0 && grid.at(at.row, column - 1).width == 2) --column;
  if (cells_.wraps() && !grid.at(at.row, column).erased()) {
    const Cell& cell = grid.at(at.row, column);
    print_again({.row = at.row, .column = column}, cell, pen);
    pen = cell.pen;
  } else {
    go(at);
  }
  if (!has_default_charsets(modes_.charsets)) write_charsets(out, modes_.charsets);
  if (!modes_.autowrap) out += "\x1b[?7l";
  if (modes_.insert) out += "\x1b[4h";
  modes_.write_link(out);
  write_sgr(out, pen, modes_.pen);
  out += parser_.partial();
}

}  // namespace farpty::vt
