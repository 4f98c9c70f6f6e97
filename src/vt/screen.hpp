// Screen: a terminal's screen as a stream of output makes it, and how to draw it again: redraw() gives bytes that bring any
// xterm-like terminal into the state in which the whole stream would have left it, so that the rest of the stream goes on.
//
// It is a model to be made when someone needs it and thrown away, not to be kept for a session: its own redraw(), with the
// size beside it, is the compact form in which a state is kept (history.hpp). It never answers a query. Pure and bounded.
// Lost in a redraw: hyperlinks, underline colours and images in cells, what the alternate screen has kept (and its saved
// cursor) while the primary one is shown, and protection (DECSCA).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "tty/winsize.hpp"
#include "vt/cells.hpp"
#include "vt/modes.hpp"
#include "vt/parser.hpp"

namespace farpty::vt {

class Screen : private Sink {
 public:
  explicit Screen(WindowSize size);

  void feed(Bytes output);
  // Follows the modes of what is too much to be drawn: plain text is left out, and sequences mean what they mean.
  void skip(Bytes output);
  void resize(WindowSize size);
  [[nodiscard]] WindowSize size() const { return size_; }
  enum class Redrawn { kAll, kModes };  // kModes: and the cursor, on an empty screen
  [[nodiscard]] std::string redraw(Redrawn what = Redrawn::kAll) const;

  [[nodiscard]] const Modes& modes() const { return modes_; }
  [[nodiscard]] Position cursor() const { return cells_.cursor(); }
  [[nodiscard]] bool wraps() const { return cells_.wraps(); }
  [[nodiscard]] Grid grid() const { return cells_.copy(); }  // of the screen that is shown

 private:
  // What DECSC saves; each of the two screens has one. Where nothing was saved DECRC goes home (xterm: CursorRestore).
  struct Saved {
    Position at;
    bool wraps = false;
    Pen pen;
    Charsets charsets;
    bool origin = false;
    friend bool operator==(const Saved&, const Saved&) = default;
  };
  enum class Restore { kCursor, kNothing };

  void on_text(std::u32string_view text) override;
  void on_control(char control) override;
  void on_escape(const Escape& escape) override;
  void on_csi(const Csi& csi) override;
  void on_osc(std::string_view text) override;
  void on_single_shift(int set, char32_t character) override;

  void print(std::u32string_view text);
  void repeat(int count);
  void edit(const Csi& csi);
  void move_rows(const Csi& csi);
  void set_modes(const Csi& csi);
  void save_cursor();
  void restore_cursor();
  void enter_alternate();
  void leave_alternate(Restore what);
  [[nodiscard]] Position within(Position at) const;
  void put_cursor(Position at, bool wraps);
  void reset();
  void tab_clear(int what);

  void draw(std::string& out, const Grid& grid) const;
  void draw_saved(std::string& out, const Grid& grid, const Saved& saved) const;
  void draw_tabs(std::string& out) const;
  void draw_end(std::string& out, const Grid& grid) const;

  WindowSize size_;
  Parser parser_;
  Modes modes_;
  Cells cells_;
  std::vector<bool> tabs_;       // one a column
  std::optional<Grid> beneath_;  // the primary screen, while the alternate one is shown
  std::array<Saved, 2> saved_;
  char32_t last_ = 0;  // the character that was printed just now, which REP repeats; 0: something else came since
};

}  // namespace farpty::vt
