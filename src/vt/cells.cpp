#include "vt/cells.hpp"

#include <vterm.h>

#include <algorithm>
#include <iterator>
#include <string>

#include <fmt/format.h>

namespace farpty::vt {

namespace {

constexpr std::size_t kMaxRun = 512;  // libvterm decodes a run on its stack

// What libvterm's pen has no place for travels as the font (SGR 10 to 19), which nobody else sets here.
constexpr int kFontDim = 1, kFontConceal = 2, kFontOverline = 4;

void write_sgr_for_cells(std::string& out, const Pen& pen) {
  Pen basic = pen;
  basic.attributes &= static_cast<std::uint16_t>(~(Pen::kDim | Pen::kConceal | Pen::kOverline));
  basic.underline = pen.underline > 3 ? 1 : pen.underline;
  basic.underline_color = {};
  const int font = (pen.has(Pen::kDim) ? kFontDim : 0) + (pen.has(Pen::kConceal) ? kFontConceal : 0) +
                   (pen.has(Pen::kOverline) ? kFontOverline : 0);
  out += "\x1b[m";
  write_sgr(out, Pen{}, basic);
  fmt::format_to(std::back_inserter(out), "\x1b[{}m", 10 + font);
}

Color color_of(const VTermColor& color) {
  if (VTERM_COLOR_IS_DEFAULT_FG(&color) || VTERM_COLOR_IS_DEFAULT_BG(&color)) return {};
  if (VTERM_COLOR_IS_INDEXED(&color)) return Color::indexed(color.indexed.idx);
  return {.kind = Color::Kind::kRgb, .red = color.rgb.red, .green = color.rgb.green, .blue = color.rgb.blue};
}

Pen pen_of(const VTermScreenCell& cell) {
  Pen pen;
  const auto& from = cell.attrs;
  const auto set = [&pen](bool on, Pen::Attribute attribute) {
    if (on) pen.attributes |= attribute;
  };
  set(from.bold != 0, Pen::kBold);
  set(from.italic != 0, Pen::kItalic);
  set(from.blink != 0, Pen::kBlink);
  set(from.reverse != 0, Pen::kReverse);
  set(from.strike != 0, Pen::kStrike);
  set((from.font & kFontDim) != 0, Pen::kDim);
  set((from.font & kFontConceal) != 0, Pen::kConceal);
  set((from.font & kFontOverline) != 0, Pen::kOverline);
  pen.underline = static_cast<std::uint8_t>(from.underline);
  pen.foreground = color_of(cell.fg);
  pen.background = color_of(cell.bg);
  return pen;
}

constexpr auto kOtherHalf = static_cast<std::uint32_t>(-1);

LineSize line_size(const VTermLineInfo* info) {
  if (info->doubleheight != 0) return info->doubleheight == 1 ? LineSize::kTop : LineSize::kBottom;
  return info->doublewidth != 0 ? LineSize::kWide : LineSize::kSingle;
}

// A wide character in a single column is more than libvterm can bear.
int columns_of(WindowSize size) { return std::clamp<int>(size.columns, 2, kMaxColumns); }
int rows_of(WindowSize size) { return std::clamp<int>(size.rows, 1, kMaxRows); }

}  // namespace

struct Cells::Vterm {
  Vterm(const Vterm&) = delete;
  Vterm& operator=(const Vterm&) = delete;
  explicit Vterm(WindowSize size) : terminal(vterm_new(rows_of(size), columns_of(size))) {
    vterm_set_utf8(terminal, 1);
    state = vterm_obtain_state(terminal);
    screen = vterm_obtain_screen(terminal);
    vterm_screen_enable_altscreen(screen, 1);
    // Every character that is put on the screen is told: the last of them is where a wrap may be due.
    static const VTermScreenCallbacks callbacks{.damage = &Vterm::damage};
    vterm_screen_set_callbacks(screen, &callbacks, this);
    vterm_screen_set_damage_merge(screen, VTERM_DAMAGE_CELL);
    vterm_screen_reset(screen, 1);
  }
  ~Vterm() { vterm_free(terminal); }

  static int damage(VTermRect rect, void* self) {
    static_cast<Vterm*>(self)->damaged = rect;
    return 1;
  }

  VTerm* terminal;
  VTermState* state = nullptr;
  VTermScreen* screen = nullptr;
  VTermRect damaged{};
};

Cells::Cells(WindowSize size) : vterm_(std::make_unique<Vterm>(size)) {}
Cells::~Cells() = default;

void Cells::write(std::string_view sequence) {
  printing_ = false;
  vterm_input_write(vterm_->terminal, sequence.data(), sequence.size());
}

Position Cells::cursor() const {
  VTermPos at{};
  vterm_state_get_cursorpos(vterm_->state, &at);
  // libvterm stays on the first half of a wide character.
  return {.row = at.row, .column = wraps_ ? row_width(at.row) - 1 : at.col};
}

int Cells::row_width(int row) const {
  int rows = 0, columns = 0;
  vterm_get_size(vterm_->terminal, &rows, &columns);
  return vterm_state_get_lineinfo(vterm_->state, row)->doublewidth != 0 ? columns / 2 : columns;
}

void Cells::resize(WindowSize size) {
  cancel_wrap();
  write("\x1b[m");  // new cells have the pen's colours otherwise
  vterm_set_size(vterm_->terminal, rows_of(size), columns_of(size));
}

void Cells::set_pen(const Pen& pen) {
  pen_ = pen;
  std::string sgr;
  write_sgr_for_cells(sgr, pen);
  const bool printing = printing_;
  write(sgr);
  printing_ = printing;
}

void Cells::print(std::u32string_view text) {
  std::string run;
  for (const char32_t character : text) {
    if (width(character) == 0) {
      if (run.empty() && !printing_) continue;
      if (run.empty() && printed_at_edge()) {
        combine_at_edge(character);
        continue;
      }
    } else if (run.size() > kMaxRun) {
      print_run(run);
      run.clear();
    }
    if (run.size() <= 2 * kMaxRun) append_utf8(run, character);
  }
  if (!run.empty()) print_run(run);
}

void Cells::print_run(std::string_view utf8) {
  write(utf8);
  VTermPos at{};
  vterm_state_get_cursorpos(vterm_->state, &at);
  const VTermRect& glyph = vterm_->damaged;
  printed_ = {.row = glyph.start_row, .column = glyph.start_col};
  wraps_ = autowrap_ && glyph.end_col >= row_width(at.row) && at.row == glyph.start_row && at.col == glyph.start_col;
  printing_ = true;
}

bool Cells::printed_at_edge() const {
  return printed_.column + cell_at(printed_.row, printed_.column).width >= row_width(printed_.row);
}

// libvterm combines with what stands before the cursor, which at the edge is on the character itself: it is printed again.
void Cells::combine_at_edge(char32_t character) {
  const Cell cell = cell_at(printed_.row, printed_.column);
  if (cell.erased() || cell.characters.back() != 0) return;
  std::string run;
  for (const char32_t one : cell.characters)
    if (one != 0) append_utf8(run, one);
  append_utf8(run, character);
  const Pen pen = pen_;
  set_pen(cell.pen);
  write(fmt::format("\x1b[{}G", printed_.column + 1));
  print_run(run);
  set_pen(pen);
}

int Cells::width(char32_t character) const {
  if (character < 0x300) return 1;  // the first combining one
  if (const auto known = widths_.find(character); known != widths_.end()) return known->second;
  if (widths_.size() == kMostWidths) widths_.clear();
  if (!scale_) scale_ = std::make_unique<Vterm>(WindowSize{.columns = 8, .rows = 1});
  std::string bytes = "\r";
  append_utf8(bytes, character);
  vterm_input_write(scale_->terminal, bytes.data(), bytes.size());
  VTermPos at{};
  vterm_state_get_cursorpos(scale_->state, &at);
  return widths_[character] = std::clamp(at.col, 0, 2);
}

void Cells::cancel_wrap() {
  if (!wraps_) return;
  const int column = cursor().column;
  wraps_ = false;
  write(fmt::format("\x1b[{}G", column + 1));
}

void Cells::touch_last_column(const Modes& modes) {
  const int row = cursor().row, last = row_width(row) - 1;
  int column = last;
  Cell cell = cell_at(row, column);
  if (cell.erased() && last > 0 && cell_at(row, last - 1).width == 2) cell = cell_at(row, column = last - 1);
  if (cell.erased()) return;
  move({.row = row, .column = column}, modes);
  set_pen(cell.pen);
  std::u32string text;
  for (const char32_t character : cell.characters)
    if (character != 0) text += character;
  print(text);
  set_pen(modes.pen);
}

void Cells::control(char control) {
  cancel_wrap();
  write(std::string_view(&control, 1));
}

void Cells::escape(char intermediate, char final) {
  cancel_wrap();
  std::string sequence = "\x1b";
  if (intermediate != 0) sequence += intermediate;
  write(sequence + final);
}

void Cells::csi(char prefix, char intermediate, char final, int first, int second) {
  cancel_wrap();
  std::string sequence = "\x1b[";
  if (prefix != 0) sequence += prefix;
  if (first >= 0) sequence += fmt::format("{}", first);
  if (second >= 0) sequence += fmt::format(";{}", second);
  if (intermediate != 0) sequence += intermediate;
  write(sequence + final);
}

void Cells::move(Position to, const Modes& modes) {
  const int row = to.row - (modes.origin ? modes.margins.top : 0);
  const int column = to.column - (modes.origin && modes.left_right ? modes.margins.left : 0);
  csi(0, 0, 'H', std::max(row, 0) + 1, std::max(column, 0) + 1);
}

void Cells::set_margins(const Modes& modes) {
  csi(0, 0, 's', modes.margins.left + 1, modes.margins.right + 1);
  csi(0, 0, 'r', modes.margins.top + 1, modes.margins.bottom + 1);
}

void Cells::set_ansi(int number, bool on) { write(fmt::format("\x1b[{}{}", number, on ? 'h' : 'l')); }

void Cells::set_dec(int number, bool on) {
  if (number == 7) autowrap_ = on;
  if (number != 7) cancel_wrap();
  write(fmt::format("\x1b[?{}{}", number, on ? 'h' : 'l'));
}

Cell Cells::cell_at(int row, int column) const {
  VTermScreenCell from{};
  vterm_screen_get_cell(vterm_->screen, {.row = row, .col = column}, &from);
  Cell cell{.width = 1, .pen = pen_of(from)};
  // A half of a wide character whose other half was written over shows nothing. libvterm goes by the cell behind: what was
  // written over a first half is wide to it.
  const bool is_wide = from.chars[0] != kOtherHalf && width(from.chars[0]) == 2;
  const bool is_half = from.chars[0] == kOtherHalf || (from.width == 1 && is_wide);
  if (from.chars[0] == 0 || is_half) {
    cell.pen = {.background = cell.pen.background};
    // Of the other half of a whole one libvterm keeps the colour that was there before.
    if (from.chars[0] == kOtherHalf && column > 0) {
      const Cell first = cell_at(row, column - 1);
      if (first.width == 2) cell.pen.background = first.pen.background;
    }
    return cell;
  }
  cell.width = is_wide ? 2 : 1;
  for (std::size_t i = 0; i < Cell::kMost && from.chars[i] != 0; ++i) cell.characters[i] = from.chars[i];
  return cell;
}

Grid Cells::copy() const {
  int rows = 0, columns = 0;
  vterm_get_size(vterm_->terminal, &rows, &columns);
  Grid grid{.size = {.columns = static_cast<std::uint16_t>(columns), .rows = static_cast<std::uint16_t>(rows)}};
  grid.cells.reserve(static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns));
  for (int row = 0; row < rows; ++row) {
    const int shown = row_width(row);
    for (int column = 0; column < columns; ++column)
      grid.cells.push_back(column < shown ? cell_at(row, column) : Cell{});
    grid.lines.push_back(line_size(vterm_state_get_lineinfo(vterm_->state, row)));
  }
  return grid;
}

void Grid::resize(WindowSize to) {
  Grid other{.size = to};
  for (int row = 0; row < to.rows; ++row) {
    for (int column = 0; column < to.columns; ++column) {
      const bool here = row < size.rows && column < size.columns;
      other.cells.push_back(here ? at(row, column) : Cell{});
      if (here && column + 1 == to.columns && other.cells.back().width == 2) other.cells.back() = {};
    }
    other.lines.push_back(row < size.rows ? lines[static_cast<std::size_t>(row)] : LineSize::kSingle);
  }
  *this = std::move(other);
}

void append_utf8(std::string& out, char32_t character) {
  const auto code = static_cast<std::uint32_t>(character);
  const auto tail = [&](int shift) { out += static_cast<char>(0x80 | ((code >> shift) & 0x3f)); };
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0 | code >> 6);
    tail(0);
  } else if (code < 0x10000) {
    out += static_cast<char>(0xe0 | code >> 12);
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xf0 | code >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
}

}  // namespace farpty::vt
