#include "client/fitted_screen.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "vt/row.hpp"

namespace farpty::client {

namespace {

using vt::Cell;
using vt::Grid;

constexpr int kReverseScreen = 5, kCursorShown = 25;  // DECSCNM, DECTCEM

// Where the session's screen is not.
Cell nothing() {
  Cell cell;
  cell.characters[0] = U'.';
  cell.pen.attributes = vt::Pen::kDim;
  return cell;
}

Grid blank(WindowSize size) {
  Grid grid{.size = size};
  grid.cells.resize(std::size_t{size.columns} * size.rows);
  grid.lines.resize(size.rows);
  return grid;
}

// Of one axis: the first row or column that is shown, so that the cursor is among the `room` of them.
int first_shown(int first, int cursor, int room, int far) {
  const int last = std::max(0, far - room);
  if (cursor < first) first = cursor;
  if (cursor >= first + room) first = cursor - room + 1;
  return std::clamp(first, 0, last);
}

}  // namespace

FittedScreen::FittedScreen(WindowSize far, WindowSize own)
    : model_(std::make_unique<vt::Screen>(far)), far_(far), own_(own), shown_(blank(own)), known_(own.rows, false) {}

void FittedScreen::feed(Bytes output) {
  model_->feed(output);
  changed_ = true;
}

void FittedScreen::restart(WindowSize far) {
  model_ = std::make_unique<vt::Screen>(far);
  far_ = far;
  changed_ = true;
}

void FittedScreen::far_resized(WindowSize far) {
  model_->resize(far);
  far_ = far;
  changed_ = true;
}

void FittedScreen::own_resized(WindowSize own) {
  own_ = own;
  shown_ = blank(own);
  known_.assign(own.rows, false);
  if (stage_ == Stage::kOurs) stage_ = Stage::kUnclear;
  changed_ = true;
}

void FittedScreen::take_last_row_back() {
  lent_ = false;
  if (!known_.empty()) known_.back() = false;
  changed_ = true;
}

std::string FittedScreen::paint() {
  std::string out;
  if (!std::exchange(changed_, false)) return out;
  look_at_cursor();
  begin(out);
  const Grid goal = wanted();
  const int rows = own_.rows - (lent_ ? 1 : 0);
  for (int row = 0; row < rows && !changed_; ++row) {
    paint_row(out, goal, row);
    if (out.size() >= kMostAtOnce) changed_ = true;  // goes on with the next one
  }
  place_cursor(out);
  return out;
}

// A hidden cursor is parked somewhere: it says nothing about what is worth being seen. Along a line it jumps, so that not every
// character typed beyond the edge moves all that is shown.
void FittedScreen::look_at_cursor() {
  const vt::Position at = model_->cursor();
  const int columns = own_.columns, rows = own_.rows;
  if (model_->modes().dec.on(kCursorShown)) {
    top_left_.row = first_shown(top_left_.row, at.row, rows, far_.rows);
    if (at.column < top_left_.column || at.column >= top_left_.column + columns)
      top_left_.column = at.column < columns ? 0 : at.column - columns / 2;
  }
  top_left_.row = std::clamp(top_left_.row, 0, std::max(0, far_.rows - rows));
  top_left_.column = std::clamp(top_left_.column, 0, std::max(0, far_.columns - columns));
}

Grid FittedScreen::wanted() const {
  const Grid far = model_->grid();
  Grid goal = blank(own_);
  const Cell outside = nothing();
  auto cell = goal.cells.begin();
  for (int row = 0; row < own_.rows; ++row) {
    for (int column = 0; column < own_.columns; ++column, ++cell) {
      const int y = row + top_left_.row, x = column + top_left_.column;
      if (y >= far.size.rows || x >= far.size.columns) {
        *cell = outside;
        continue;
      }
      *cell = far.at(y, x);
      if (cell->width == 2 && column + 1 == own_.columns) *cell = Cell{.pen = {.background = cell->pen.background}};
    }
  }
  return goal;
}

// From any state: what redraws an empty screen takes every mode away.
void FittedScreen::begin(std::string& out) {
  if (stage_ == Stage::kOurs) return;
  if (stage_ == Stage::kUntouched) out += vt::Screen(own_).redraw() + "\x1b[?1049h";
  out += "\x1b[m\x1b[H\x1b[2J";
  shown_ = blank(own_);
  known_.assign(own_.rows, true);
  stage_ = Stage::kOurs;
}

void FittedScreen::paint_row(std::string& out, const Grid& goal, int row) {
  const auto differs = [&](int column) {
    return !known_[static_cast<std::size_t>(row)] || shown_.at(row, column) != goal.at(row, column);
  };
  int from = 0, to = own_.columns;
  while (from < to && !differs(from)) ++from;
  if (from == to) return;
  while (!differs(to - 1)) --to;
  const auto splits = [&](int column) {
    return column > 0 && column < own_.columns &&
           (shown_.at(row, column - 1).width == 2 || goal.at(row, column - 1).width == 2);
  };
  while (splits(from)) --from;
  while (splits(to)) ++to;
  if (out.empty()) out += "\x1b[?25l";
  fmt::format_to(std::back_inserter(out), "\x1b[{};{}H\x1b[{}X", row + 1, from + 1, to - from);
  vt::Pen pen;
  vt::RowPainter(out, goal, row, pen).draw(from, to);
  vt::write_sgr(out, pen, vt::Pen{});
  const auto at = static_cast<std::ptrdiff_t>(row) * own_.columns;
  std::copy(goal.cells.begin() + at + from, goal.cells.begin() + at + to, shown_.cells.begin() + at + from);
  known_[static_cast<std::size_t>(row)] = true;
}

void FittedScreen::place_cursor(std::string& out) {
  const vt::DecModes& modes = model_->modes().dec;
  if (reversed_ != modes.on(kReverseScreen)) {
    reversed_ = !reversed_;
    out += reversed_ ? "\x1b[?5h" : "\x1b[?5l";
  }
  const vt::Position at = model_->cursor();
  const int row = at.row - top_left_.row, column = at.column - top_left_.column;
  const bool inside = row >= 0 && row < own_.rows && column >= 0 && column < own_.columns;
  if (inside) fmt::format_to(std::back_inserter(out), "\x1b[{};{}H", row + 1, column + 1);
  out += inside && modes.on(kCursorShown) ? "\x1b[?25h" : "\x1b[?25l";
}

}  // namespace farpty::client
