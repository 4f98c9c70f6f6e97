// FittedScreen: the screen of a session on a terminal of another size: the part of it around the cursor where the terminal is
// smaller, all of it with dots beside it where it is larger.
//
// A model of the session's screen (vt/screen.hpp) is fed with the stream, and what the terminal shows is made what it is to
// show, row by row. Of the program's modes only those that are seen come through: no query, no keyboard or mouse mode, since
// who looks on types nothing. Pure. Invariant: the terminal is drawn on its alternate screen, with its cursor where the
// program's is.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "tty/winsize.hpp"
#include "vt/screen.hpp"

namespace farpty::client {

class FittedScreen {
 public:
  // More than this is not painted at once: the next paint() goes on.
  static constexpr std::size_t kMostAtOnce = std::size_t{1024} * 1024;

  // `far` is the session's size, `own` the terminal's.
  FittedScreen(WindowSize far, WindowSize own);

  void feed(Bytes output);
  void restart(WindowSize far);  // the bytes of a redraw come next
  void far_resized(WindowSize far);
  void own_resized(WindowSize own);

  // The terminal's last row is somebody else's, until it is given back.
  void lend_last_row() { lent_ = true; }
  void take_last_row_back();

  // Bytes for the terminal, in whatever state it is at the first call; empty if it shows what it is to show.
  [[nodiscard]] std::string paint();

  // Bytes after which the terminal is what it would be had it been given the stream.
  [[nodiscard]] std::string whole() const { return model_->redraw(); }

 private:
  void look_at_cursor();
  [[nodiscard]] vt::Grid wanted() const;
  void begin(std::string& out);
  void paint_row(std::string& out, const vt::Grid& wanted, int row);
  void place_cursor(std::string& out);

  std::unique_ptr<vt::Screen> model_;
  WindowSize far_, own_;
  vt::Position top_left_;    // of the session's screen, at the terminal's
  vt::Grid shown_;           // by the terminal
  std::vector<bool> known_;  // one a row: shown_ is what stands there
  enum class Stage { kUntouched, kUnclear, kOurs };
  Stage stage_ = Stage::kUntouched;  // kUnclear: its window changed, and who knows what it made of that
  bool lent_ = false;
  bool reversed_ = false;  // DECSCNM
  bool changed_ = true;    // since the last paint()
};

}  // namespace farpty::client
