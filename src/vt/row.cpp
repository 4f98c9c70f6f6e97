#include "vt/row.hpp"

#include <iterator>

#include <fmt/format.h>

namespace farpty::vt {

namespace {

auto to_end(std::string& out) { return std::back_inserter(out); }

// Places where terminals disagree about how far a character moves the cursor.
bool moves_surely(const Cell& cell) { return cell.width == 1 && cell.characters[0] < 0x300 && cell.characters[1] == 0; }

}  // namespace

void write_characters(std::string& out, const Cell& cell) {
  for (const char32_t character : cell.characters) {
    if (character == 0) break;
    append_utf8(out, character);
  }
}

void RowPainter::draw(int from, int to) {
  for (int column = from; column < to; ++column) {
    const Cell& cell = grid_.at(row_, column);
    if (!cell.erased()) {
      go(column);
      set(cell.pen);
      write_characters(out_, cell);
      at_ = moves_surely(cell) ? column + 1 : kUnsure;
      column += cell.width - 1;
    } else if (cell.pen.background != Color{}) {
      column = erase(column, to);
    }
  }
}

void RowPainter::set(const Pen& pen) {
  write_sgr(out_, pen_, pen);
  pen_ = pen;
}

void RowPainter::go(int column) {
  if (at_ == column) return;
  if (at_ == kNotYet)
    fmt::format_to(to_end(out_), "\x1b[{};{}H", row_ + 1, column + 1);
  else
    fmt::format_to(to_end(out_), "\x1b[{}G", column + 1);
  at_ = column;
}

// Erased cells of one colour from `column` on; the last of them.
int RowPainter::erase(int column, int to) {
  const Color color = grid_.at(row_, column).pen.background;
  int end = column;
  while (end < to && grid_.at(row_, end).erased() && grid_.at(row_, end).pen.background == color) ++end;
  go(column);
  set(Pen{.background = color});
  if (end == grid_.size.columns)
    out_ += "\x1b[K";
  else
    fmt::format_to(to_end(out_), "\x1b[{}X", end - column);
  return end - 1;
}

}  // namespace farpty::vt
