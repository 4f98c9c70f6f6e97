// Cells: the cells of a terminal's two screens and its cursor, kept by libvterm.
//
// Our own interface before a library that trusts its input: libvterm 0.1.4 writes beyond its arrays on too many parameters, a
// negative width or a wide character in one column, and never ends on a REP without a character. So nothing of the stream
// reaches it: Screen, which knows what each sequence means, asks for operations here, and every number is in its bounds.
// Character sets, modes without an effect on cells, saved cursors and REP are Screen's; a line's wrap that is due is kept here.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tty/winsize.hpp"
#include "vt/modes.hpp"
#include "vt/pen.hpp"

namespace farpty::vt {

struct Cell {
  static constexpr std::size_t kMost = 6;    // a character and its combining ones (VTERM_MAX_CHARS_PER_CELL)
  std::array<char32_t, kMost> characters{};  // 0 ends it; none: erased
  std::uint8_t width = 1;                    // 2: the next cell is this one's other half
  Pen pen;                                   // of an erased cell only the background counts
  [[nodiscard]] bool erased() const { return characters[0] == 0; }
  friend bool operator==(const Cell&, const Cell&) = default;
};

enum class LineSize : std::uint8_t { kSingle, kWide, kTop, kBottom };  // DECSWL, DECDWL, DECDHL

// One screen, copied.
struct Grid {
  WindowSize size;
  std::vector<Cell> cells;      // row by row; blank in the half that a line of double width has not
  std::vector<LineSize> lines;  // one a row
  [[nodiscard]] const Cell& at(int row, int column) const {
    return cells[static_cast<std::size_t>(row) * size.columns + static_cast<std::size_t>(column)];
  }
  void resize(WindowSize to);
};

struct Position {
  int row = 0, column = 0;
  friend bool operator==(const Position&, const Position&) = default;
};

class Cells {
 public:
  explicit Cells(WindowSize size);
  ~Cells();
  Cells(const Cells&) = delete;
  Cells& operator=(const Cells&) = delete;

  void resize(WindowSize size);
  [[nodiscard]] Position cursor() const;
  // The last column has been written, and the next character goes to the next line. The cursor is on the last column then.
  [[nodiscard]] bool wraps() const { return wraps_; }
  [[nodiscard]] Position last_printed() const { return printed_; }  // where the last character stands
  [[nodiscard]] int row_width(int row) const;
  [[nodiscard]] Grid copy() const;

  void set_pen(const Pen& pen);          // for what is printed and erased from now on
  void print(std::u32string_view text);  // a combining character that has nothing before it to combine with is dropped
  void control(char control);            // BS HT LF VT FF CR
  void escape(char intermediate, char final);  // IND NEL HTS RI, DECALN, line sizes
  // A sequence without effect on modes, with up to two parameters, -1 where one is left out.
  void csi(char prefix, char intermediate, char final, int first = -1, int second = -1);
  void move(Position to, const Modes& modes);
  void set_margins(const Modes& modes);  // the cursor goes home
  void set_ansi(int number, bool on);
  void set_dec(int number, bool on);  // 6, 7, 69, 1047
  void cancel_wrap();
  // In the row of the cursor: the last character is printed again, so that a wrap is due. Nothing where it is erased.
  void touch_last_column(const Modes& modes);

 private:
  struct Vterm;
  void write(std::string_view sequence);
  void print_run(std::string_view utf8);
  [[nodiscard]] bool printed_at_edge() const;
  void combine_at_edge(char32_t character);
  // The columns that libvterm gives a character: 0, 1 or 2. It does not tell, so one is printed and looked at.
  [[nodiscard]] int width(char32_t character) const;
  [[nodiscard]] Cell cell_at(int row, int column) const;

  std::unique_ptr<Vterm> vterm_;
  bool wraps_ = false;
  bool autowrap_ = true;
  bool printing_ = false;  // nothing came since the last character
  Position printed_;
  Pen pen_;
  // For width(): made when the first character beyond ASCII comes.
  static constexpr std::size_t kMostWidths = 4096;
  mutable std::unique_ptr<Vterm> scale_;
  mutable std::unordered_map<char32_t, int> widths_;
};

// Appends `character` as UTF-8.
void append_utf8(std::string& out, char32_t character);

}  // namespace farpty::vt
