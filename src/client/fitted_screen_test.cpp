#include "client/fitted_screen.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include <fmt/format.h>

namespace farpty::client {
namespace {

using vt::Cell;
using vt::Screen;

constexpr WindowSize kFar{.columns = 20, .rows = 6};

// A row of what a terminal shows.
std::string row(const Screen& screen, int number) {
  const vt::Grid grid = screen.grid();
  std::string text;
  for (int column = 0; column < grid.size.columns; ++column) {
    const Cell& cell = grid.at(number, column);
    if (cell.erased()) text += ' ';
    for (const char32_t character : cell.characters)
      if (character != 0) vt::append_utf8(text, character);
    column += cell.width - 1;
  }
  return text;
}

// The user's terminal: what is painted goes to it.
class Pair {
 public:
  explicit Pair(WindowSize own, WindowSize far = kFar) : fitted(far, own), terminal(own) {
    terminal.feed(
        as_bytes("\x1b[?1003h\x1b[4;5Hjunk\x1b[2;3r\x1b[?6h\x1b[7;31mmore"));  // it was in the midst of something
  }
  void show(std::string_view output) {
    fitted.feed(as_bytes(output));
    paint();
  }
  void paint() {
    for (std::string bytes = fitted.paint(); !bytes.empty(); bytes = fitted.paint()) terminal.feed(as_bytes(bytes));
  }
  FittedScreen fitted;
  Screen terminal;
};

TEST(FittedScreen, OfALargerTerminalHasDotsBesideIt) {
  Pair pair({.columns = 24, .rows = 8});
  pair.show("hello\r\n\x1b[31mred");
  EXPECT_EQ(row(pair.terminal, 0), "hello               ....");
  EXPECT_EQ(row(pair.terminal, 1), "red                 ....");
  EXPECT_EQ(row(pair.terminal, 6), "........................");
  EXPECT_EQ(pair.terminal.cursor(), (vt::Position{.row = 1, .column = 3}));
  EXPECT_EQ(pair.terminal.grid().at(1, 0).pen.foreground, vt::Color::indexed(1));
  // It wraps and scrolls where the session's screen ends, not where the terminal does.
  pair.show("\x1b[m\x1b[6;1H" + std::string(20, 'x') + "yz\r\n");
  EXPECT_EQ(row(pair.terminal, 3), "xxxxxxxxxxxxxxxxxxxx....");
  EXPECT_EQ(row(pair.terminal, 4), "yz                  ....");
  EXPECT_EQ(row(pair.terminal, 7), "........................");
}

TEST(FittedScreen, OfASmallerTerminalFollowsTheCursor) {
  Pair pair({.columns = 8, .rows = 3});
  pair.show("0123456789abcdefghi\r\nsecond\r\nthird\r\nfourth");
  EXPECT_EQ(row(pair.terminal, 0), "second  ");
  EXPECT_EQ(row(pair.terminal, 2), "fourth  ");
  EXPECT_EQ(pair.terminal.cursor(), (vt::Position{.row = 2, .column = 6}));
  pair.show("\x1b[1;16H");
  EXPECT_EQ(row(pair.terminal, 0), "bcdefghi");
  EXPECT_EQ(pair.terminal.cursor().row, 0);
  pair.show("\x1b[1;2H");
  EXPECT_EQ(row(pair.terminal, 0), "01234567");
  EXPECT_EQ(pair.terminal.cursor(), (vt::Position{.row = 0, .column = 1}));
  pair.show("\x1b[?25l\x1b[6;20H");  // parked
  EXPECT_EQ(row(pair.terminal, 0), "01234567");
  EXPECT_FALSE(pair.terminal.modes().dec.on(25));
}

TEST(FittedScreen, AWideCharacterAtTheEdgeIsNotCutInTwo) {
  Pair pair({.columns = 4, .rows = 2});
  pair.show("abc\xe6\x97\xa5\x1b[1;1H");
  EXPECT_EQ(row(pair.terminal, 0), "abc ");
  pair.show("\x1b[1;1Hab\xe6\x97\xa5\x1b[1;1H");
  EXPECT_EQ(row(pair.terminal, 0), "ab\xe6\x97\xa5");
  pair.show("\x1b[1;3Hxy\x1b[1;1H");
  EXPECT_EQ(row(pair.terminal, 0), "abxy");
}

// Who looks on types nothing: what would change his keyboard and mouse, or make his terminal answer, is not for it.
TEST(FittedScreen, ModesAndQueriesStayBehind) {
  FittedScreen fitted(kFar, {.columns = 10, .rows = 3});
  fitted.feed(as_bytes("\x1b[c\x1b[6n\x1b]10;?\x07\x1b[?1000h\x1b[?2004h\x1b[?1h\x1b=\x1b[>1u\x05 text"));
  const std::string painted = fitted.paint();
  EXPECT_THAT(painted, testing::HasSubstr("text"));
  for (const std::string_view query :
       {"\x1b[c", "\x1b[6n", "?\x07", "\x1b[?1000h", "\x1b[?2004h", "\x1b[?1h", "\x1b=", "\x05", "u"})
    EXPECT_THAT(painted, testing::Not(testing::HasSubstr(std::string(query)))) << testing::PrintToString(query);
}

TEST(FittedScreen, OnlyWhatChangedIsPaintedAgain) {
  Pair pair({.columns = 15, .rows = 4});
  pair.show("one\r\ntwo\r\nthree");
  EXPECT_EQ(pair.fitted.paint(), "");
  pair.fitted.feed(as_bytes("\x1b[2;2HW"));
  const std::string painted = pair.fitted.paint();
  EXPECT_LT(painted.size(), 40U) << testing::PrintToString(painted);
  pair.terminal.feed(as_bytes(painted));
  EXPECT_EQ(row(pair.terminal, 1), "tWo            ");
}

TEST(FittedScreen, TheLastRowIsLentAndComesBack) {
  Pair pair({.columns = 10, .rows = 3});
  pair.show("a\r\nb\r\nc");
  pair.fitted.lend_last_row();
  pair.terminal.feed(as_bytes("\x1b[3;1Hours      "));
  pair.show("\x1b[3;1HC\x1b[1;1HA");
  EXPECT_EQ(row(pair.terminal, 0), "A         ");
  EXPECT_EQ(row(pair.terminal, 2), "ours      ");
  pair.fitted.take_last_row_back();
  pair.paint();
  EXPECT_EQ(row(pair.terminal, 2), "C         ");
}

TEST(FittedScreen, BringsTheTerminalBackToTheStream) {
  Pair pair({.columns = 10, .rows = 3}, kFar);
  Screen whole(kFar);
  const std::string before = "\x1b[?2004h\x1b[?1049h\x1b[3;4r\x1b[31mtext \x1b[2", after = ";5Hmore\x1b[?1049l";
  whole.feed(as_bytes(before));
  pair.show(before);
  Screen terminal(kFar);  // its window was made as large as the session's
  terminal.feed(as_bytes(pair.fitted.whole()));
  for (Screen* const screen : {&whole, &terminal}) screen->feed(as_bytes(after));
  EXPECT_EQ(terminal.redraw(), whole.redraw());
}

// What a terminal shows, whatever came when, is the part of the session's screen that a fresh one would be shown.
TEST(FittedScreen, ShowsThePartWhateverCame) {
  const unsigned seed = std::random_device{}();
  std::mt19937 random(seed);
  for (int round = 0; round < 60; ++round) {
    WindowSize far = kFar, own{.columns = 12, .rows = 4};
    Pair pair(own, far);
    Screen whole(far);
    for (int step = 0; step < 40; ++step) {
      std::string output;
      switch (random() % 9) {
        case 0: output = fmt::format("\x1b[{};{}H", 1 + random() % 8, 1 + random() % 22); break;
        case 1: output = fmt::format("\x1b[{}m", 30 + random() % 20); break;
        case 2:
          output = fmt::format("\x1b[{}", std::array{"J", "1K", "2L", "3P", "2@", "4X", "2S", "T"}[random() % 8]);
          break;
        case 3:
          output = fmt::format("\x1b[?{}{}", std::array{5, 6, 7, 25, 1049}[random() % 5], "hl"[random() % 2]);
          break;
        case 4: output = "\xe6\x97\xa5\xe6\x9c\xac"; break;
        case 5:
          far = {.columns = static_cast<std::uint16_t>(5 + random() % 25),
                 .rows = static_cast<std::uint16_t>(2 + random() % 9)};
          pair.fitted.far_resized(far);
          whole.resize(far);
          break;
        case 6:
          own = {.columns = static_cast<std::uint16_t>(4 + random() % 30),
                 .rows = static_cast<std::uint16_t>(2 + random() % 9)};
          pair.fitted.own_resized(own);
          pair.terminal.resize(own);
          pair.terminal.feed(as_bytes("\x1b[1;1Hreflowed"));  // each emulator in its own way
          break;
        default: output = std::string(random() % 30, static_cast<char>('a' + random() % 26)) + "\r\n"; break;
      }
      whole.feed(as_bytes(output));
      pair.show(output);
      // A wide character that is half written over is drawn as what is left of it: nothing.
      FittedScreen fresh(far, own);
      fresh.feed(as_bytes(whole.redraw()));
      if (!whole.modes().dec.on(25)) continue;  // its window does not follow, so a fresh one may be elsewhere
      Screen other(own);
      other.feed(as_bytes(fresh.paint()));
      if (far.columns <= own.columns && far.rows <= own.rows) {
        ASSERT_TRUE(pair.terminal.grid().cells == other.grid().cells)
            << "seed " << seed << " round " << round << " step " << step;
      }
      const vt::Position at = pair.terminal.cursor(), there = whole.cursor();
      if (whole.grid().at(there.row, there.column).width == 2 && at.column + 1 == own.columns) continue;  // cut in two
      ASSERT_EQ(whole.grid().at(there.row, there.column), pair.terminal.grid().at(at.row, at.column))
          << "seed " << seed << " round " << round << " step " << step;
    }
  }
}

}  // namespace
}  // namespace farpty::client
