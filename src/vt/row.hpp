// RowPainter: a row of cells as the bytes that draw it on a terminal whose cells there are erased.
//
// It knows where terminals differ: how wide a character is that is not plain is asked of none, the cursor is placed anew. Pure.
#pragma once

#include <string>

#include "vt/cells.hpp"
#include "vt/pen.hpp"

namespace farpty::vt {

// Appends a cell's character and its combining ones as UTF-8.
void write_characters(std::string& out, const Cell& cell);

class RowPainter {
 public:
  // `pen` is the terminal's, and is left as it is behind what was appended.
  RowPainter(std::string& out, const Grid& grid, int row, Pen& pen) : out_(out), grid_(grid), row_(row), pen_(pen) {}

  // The cells from `from` to before `to`. Neither may split a wide character.
  void draw(int from, int to);

 private:
  static constexpr int kUnsure = -1, kNotYet = -2;

  void set(const Pen& pen);
  void go(int column);
  int erase(int column, int to);

  std::string& out_;
  const Grid& grid_;
  int row_;
  Pen& pen_;
  int at_ = kNotYet;
};

}  // namespace farpty::vt
