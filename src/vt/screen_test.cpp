#include "vt/screen.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace farpty::vt {
namespace {

constexpr WindowSize kSize{.columns = 20, .rows = 5};

// The rows of what is shown, without the blanks at their ends.
std::string shown(const Screen& screen) {
  const Grid grid = screen.grid();
  std::string all;
  for (int row = 0; row < grid.size.rows; ++row) {
    std::string line;
    for (int column = 0; column < grid.size.columns; ++column) {
      const Cell& cell = grid.at(row, column);
      if (cell.erased()) line += ' ';
      for (const char32_t character : cell.characters)
        if (character != 0) append_utf8(line, character);
      column += cell.width - 1;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    all += line + "|";
  }
  return all;
}

Screen* fed(std::unique_ptr<Screen>& screen, std::string_view output, WindowSize size = kSize) {
  screen = std::make_unique<Screen>(size);
  screen->feed(as_bytes(output));
  return screen.get();
}

std::string shown(std::string_view output, WindowSize size = kSize) {
  std::unique_ptr<Screen> screen;
  return shown(*fed(screen, output, size));
}

// Wherever in what is skipped they stand.
TEST(Screen, SkippedOutputStillSetsModesAndCharsets) {
  for (std::size_t before = 0; before < 1100; ++before) {
    const std::string output =
        std::string(before, 'x') + "\x1b[?2004h\x1b)0" + std::string(1100 - before, 'y') + "\x0e\x1b[H";
    Screen skipping(kSize), whole(kSize);
    skipping.skip(as_bytes(output));
    whole.feed(as_bytes(output));
    EXPECT_EQ(skipping.redraw(Screen::Redrawn::kModes), whole.redraw(Screen::Redrawn::kModes)) << before;
    skipping.skip(as_bytes("z\x0f"));
    EXPECT_NE(skipping.redraw(Screen::Redrawn::kModes), whole.redraw(Screen::Redrawn::kModes)) << before;
  }
}

// The half that was left of a wide character makes what stands before it no wide one: libvterm counts by what it finds behind.
TEST(Screen, WhatOverwritesTheFirstHalfOfAWideCharacterIsNarrow) {
  std::unique_ptr<Screen> screen;
  fed(screen, "\x1b[41m\xe6\x97\xa5\x1b[m\x1b[1;1Hx\x1b[1;5H");
  EXPECT_EQ(screen->grid().at(0, 0).width, 1);
  EXPECT_TRUE(screen->grid().at(0, 1).erased());
  Screen viewer(kSize);
  viewer.feed(as_bytes(screen->redraw()));
  EXPECT_TRUE(viewer.grid().cells == screen->grid().cells);  // too many to be printed
}

// libvterm combines at the last column within one piece of the stream only.
TEST(Screen, ACombiningCharacterAtTheLastColumnComesToo) {
  const std::string e = "e\xcc\x81", wide = "\xe6\x97\xa5\xcc\x81";
  for (const std::string& last : {e, wide}) {
    const std::string output = std::string(last == e ? 19 : 18, 'x') + "\x1b[31m" + last;
    Screen whole(kSize), pieces(kSize);
    whole.feed(as_bytes(output));
    for (const char& one : output) pieces.feed(as_bytes(std::string_view(&one, 1)));
    EXPECT_EQ(pieces.redraw(), whole.redraw());
    EXPECT_EQ(pieces.grid().at(0, last == e ? 19 : 18).characters[1], U'\u0301');
    EXPECT_EQ(pieces.grid().at(0, last == e ? 19 : 18).pen.foreground, Color::indexed(1));
    pieces.feed(as_bytes("\x1b[mn"));
    EXPECT_EQ(pieces.grid().at(1, 0).characters[0], U'n');
    EXPECT_EQ(pieces.grid().at(1, 0).pen, Pen{});
  }
}

// xterm: a line of double width has no more columns for the cursor than for characters.
TEST(Screen, TheCursorStaysWithinALineThatBecomesWide) {
  std::unique_ptr<Screen> screen;
  EXPECT_EQ(fed(screen, "\x1b[1;18H\x1b#6")->cursor(), (Position{.row = 0, .column = 9}));
  EXPECT_EQ(fed(screen, "\x1b[1;8H\x1b#3")->cursor(), (Position{.row = 0, .column = 7}));
}

TEST(Screen, ALineOfDoubleWidthHasNoMoreCellsThanItShows) {
  const std::string output = "\x1b#6\x1b[43mNM";  // the scroll for M gives all of the line that colour
  Screen whole({.columns = 2, .rows = 1}), viewer({.columns = 2, .rows = 1});
  whole.feed(as_bytes(output));
  viewer.feed(as_bytes(whole.redraw()));
  EXPECT_EQ(whole.grid().at(0, 0).characters[0], U'M');
  EXPECT_EQ(viewer.grid().cells, whole.grid().cells);
  EXPECT_EQ(viewer.grid().lines, whole.grid().lines);
}

TEST(Screen, TheOtherHalfOfAWideCharacterHasItsColour) {
  std::unique_ptr<Screen> screen;
  fed(screen, "\x1b[44m   \x1b[41m\x1b[1;1H\xe6\x97\xa5");
  EXPECT_EQ(screen->grid().at(0, 1).pen.background, Color::indexed(1));
  EXPECT_EQ(screen->grid().at(0, 2).pen.background, Color::indexed(4));
}

// --- what libvterm 0.1.4 cannot bear (see cells.hpp) ---

TEST(Screen, SurvivesTooManyParameters) {
  for (const char final : {'m', 'h', 'H', 'J', 'r', 'q'}) {
    std::string many = "\x1b[";
    for (int i = 0; i < 10'000; ++i) many += "1;";
    EXPECT_EQ(shown(many + final + "ok"), "ok|||||") << final;
  }
}

TEST(Screen, TakesC1ControlsForNothing) {
  std::string all;
  for (int code = 0x80; code < 0xa0; ++code) {
    all += '\xc2';
    all += static_cast<char>(code);
  }
  EXPECT_EQ(shown("ab" + all + "2Jcd"), "ab2Jcd|||||");
}

TEST(Screen, SurvivesAWideCharacterInOneColumn) {
  const std::string wide = "\xe6\x97\xa5";
  for (const WindowSize size : {WindowSize{.columns = 1, .rows = 1}, WindowSize{.columns = 1, .rows = 3}}) {
    Screen screen(size);
    for (int i = 0; i < 10; ++i) screen.feed(as_bytes(wide + "a"));
    EXPECT_FALSE(screen.redraw().empty());
    screen.resize({.columns = 1, .rows = 1});
    screen.feed(as_bytes(wide + "\x1b[b"));
    EXPECT_FALSE(screen.redraw().empty());
  }
  // A line of double width has half of the columns.
  Screen narrow({.columns = 3, .rows = 2});
  narrow.feed(as_bytes("\x1b#6" + wide + wide + "a\x1b#5" + wide));
  EXPECT_FALSE(narrow.redraw().empty());
}

TEST(Screen, RepeatsNothingWhereNothingWasPrinted) {
  EXPECT_EQ(shown("\x1b[5b"), "|||||");
  EXPECT_EQ(shown("x\r\x1b[5b"), "x|||||");
  EXPECT_EQ(shown("x\x1b[3b"), "xxxx|||||");
  EXPECT_EQ(shown("x\x1b[3by"), "xxxxy|||||");
  const std::string full(20, 'x');
  EXPECT_EQ(shown("x\x1b[65535b"),
            full + "|" + full + "|" + full + "|" + full + "|" + std::string(65536 % 20, 'x') + "|");
}

TEST(Screen, SurvivesNumbersBeyondTheScreen) {
  for (const std::string_view final : {"@", "A", "B", "C", "D", "E", "F", "G", "H", "I", "L", "M",  "P",
                                       "S", "T", "X", "Z", "`", "a", "b", "d", "e", "j", "k", "'}", "'~"}) {
    std::unique_ptr<Screen> screen;
    fed(screen, fmt::format("\x1b[3;3Hx\x1b[65535{}\x1b[65535;65535{}y", final, final));
    EXPECT_LT(screen->cursor().row, kSize.rows) << final;
    EXPECT_LT(screen->cursor().column, kSize.columns) << final;
  }
}

// --- what it shows ---

TEST(Screen, ShowsWhatIsPrinted) {
  EXPECT_EQ(shown("one\r\ntwo\x1b[4;3Hthree"), "one|two||  three||");
  EXPECT_EQ(shown("1\r\n2\r\n3\r\n4\r\n5\r\n6"), "2|3|4|5|6|");
  EXPECT_EQ(shown("\x1b(0qx\x1b(Bq"), "\xe2\x94\x80\xe2\x94\x82q|||||");
  EXPECT_EQ(shown("\x1b)0a\x0eq\x0fq"), "a\xe2\x94\x80q|||||");
  EXPECT_EQ(shown("\x1b[2;3r\x1b[3;1Ha\nb\x1b[5;1Hc"), "|a| b||c|");
}

// --- redraw() ---

struct Case {
  std::string_view name, output;
};

constexpr Case kCases[] = {
    {"nothing", ""},
    {"text", "hello\r\nworld"},
    {"colours", "\x1b[1;31mred\x1b[44m blue\x1b[K\x1b[m\x1b[38;5;200mx\x1b[48;2;1;2;3my\x1b[m\x1b[3;4;7;9mz"},
    {"pen", "\x1b[1;4:3;38;2;9;8;7m"},
    {"wide", "\xe6\x97\xa5\xe6\x9c\xac e\xcc\x81"},
    {"wide at the end", "\x1b[19G\xe6\x97\xa5"},
    {"a wrap is due", "\x1b[2;1H01234567890123456789"},
    {"a wrap is due in colours", "\x1b[2;1H0123456789012345678\x1b[31m9\x1b[32m"},
    {"margins", "\x1b[2;4r\x1b[3;3H"},
    {"origin", "\x1b[2;4r\x1b[?6h\x1b[2;2Hx"},
    {"side margins", "\x1b[?69h\x1b[3;9s\x1b[2;4Hx"},
    {"charsets", "\x1b)0\x0eqqq"},
    {"insert", "abc\x1b[4h\x1b[1;1H"},
    {"no wrap", "\x1b[?7l0123456789012345678901"},
    {"tabs", "\x1b[3g\x1b[5G\x1bH\x1b[11G\x1bH\r"},
    {"saved cursor",
     "\x1b[3;3H\x1b[31m\x1b(0\x1b"
     "7\x1b(B\x1b[m\x1b[H"},
    {"saved cursor in origin mode",
     "\x1b[3;3H\x1b[?6h\x1b"
     "7\x1b[?6l\x1b[4;4H"},
    {"alternate screen", "below\x1b[2;2H\x1b[?1049habove\x1b[3;3Hx"},
    {"alternate screen of old", "below\x1b[?47habove"},
    {"saved on both screens",
     "\x1b[2;2H\x1b[?1049h\x1b[3;3H\x1b"
     "7\x1b[4;4H"},
    {"unfinished", "a\x1b[3"},
    {"unfinished character", "a\xe6\x97"},
    {"unfinished string", "a\x1b]0;ti"},
    {"single shift", "\x1b*0a\x1bN"},
    {"repeatable", "ab"},
    {"lines", "\x1b#6wide\r\n\x1b#3top\r\n\x1b#4top\r\nplain"},
    {"full", "\x1b#8\x1b[5;20Hx"},
    {"newline mode", "\x1b[20ha\nb"},
    {"cursor hidden", "\x1b[?25l"},
};

// What shows differences of states: each is appended to a stream and to its redraw.
constexpr std::string_view kProbes[] = {
    "",
    "x",
    "xy\r\nz",
    "\n\n\n\n\nq",
    "\x1b[1;1Hq\tq\tq",
    "\x1b[3b",
    "\x1b"
    "8x",
    "\x1b[Kx",
    "\x1b[?1049lx",
    "\x1b[?47lx",
    "1mq\x1b[mw",
    "\xa5w",
    "q\x0fq\x0eq",
    "\x1bMx",
    "\x1b[?6l\x1b[5;5Hx\x1b[2@",
};

TEST(Redraw, AndTheRestGiveWhatTheStreamGives) {
  for (const auto& [name, output] : kCases) {
    for (const std::string_view probe : kProbes) {
      Screen whole(kSize), viewer(kSize);
      whole.feed(as_bytes(output));
      viewer.feed(
          as_bytes("\x1b[?1049h\x1b[31;1mrubbish\x1b[2;3r\x1b[?6h\x1b[4h\x1b(0\x1b[?7l\x1b#8\x1b[?69h\x1b]0;un"));
      viewer.feed(as_bytes(whole.redraw()));
      whole.feed(as_bytes(probe));
      viewer.feed(as_bytes(probe));
      EXPECT_EQ(shown(viewer), shown(whole)) << name << " then " << fmt::format("{:?}", probe);
      EXPECT_EQ(viewer.grid().cells, whole.grid().cells) << name << " then " << fmt::format("{:?}", probe);
      EXPECT_EQ(viewer.cursor(), whole.cursor()) << name << " then " << fmt::format("{:?}", probe);
      EXPECT_EQ(viewer.redraw(), whole.redraw()) << name << " then " << fmt::format("{:?}", probe);
    }
  }
}

TEST(Redraw, TellsTheModesThatCellsDoNotShow) {
  struct Mode {
    std::string_view output, told;
  };
  constexpr Mode kModes[] = {
      {"\x1b[?2004h", "\x1b[?2004h"},
      {"\x1b[?1h", "\x1b[?1h"},
      {"\x1b=", "\x1b="},
      {"\x1b[?1002;1006h", "\x1b[?1002h\x1b[?1006h"},
      {"\x1b[?1004h", "\x1b[?1004h"},
      {"\x1b[?5h", "\x1b[?5h"},
      {"\x1b[?2031h", "\x1b[?2031h"},  // one of which we know nothing
      {"\x1b[?2031h\x1b[?2031l", "\x1b[?2031l"},
      {"\x1b[?1h\x1b[?1s\x1b[?1l\x1b[?1r", "\x1b[?1h"},
      {"\x1b[5 q", "\x1b[5 q"},
      {"\x1b[>4;2m", "\x1b[>4;2m"},
      {"\x1b[>5u", "\x1b[>5u"},
      {"\x1b]2;a title\x07", "\x1b]2;a title\x1b\\"},
      {"\x1b]2;a\x07\x1b[22;2t\x1b]2;b\x07", "\x1b]2;a\x1b\\\x1b[22;2t\x1b]2;b\x1b\\"},
      {"\x1b]4;1;red\x07", "\x1b]4;1;red\x1b\\"},
      {"\x1b]11;#123456\x07", "\x1b]11;#123456\x1b\\"},
      {"\x1b]11;#123456\x07\x1b]111\x07", "\x1b]111\x1b\\"},
      {"\x1b]8;;http://a\x1b\\", "\x1b]8;;http://a\x1b\\"},
  };
  for (const auto& [output, told] : kModes) {
    std::unique_ptr<Screen> screen;
    const std::string redraw = fed(screen, output)->redraw();
    EXPECT_NE(redraw.find(told), std::string::npos) << fmt::format("{:?}: {:?}", output, redraw);
  }
}

// The viewer's terminal would answer, and the program would read it as typed.
TEST(Redraw, AsksNothing) {
  std::unique_ptr<Screen> screen;
  const std::string redraw = fed(screen,
                                 "\x1b[c\x1b[>c\x1b[6n\x1b[5n\x1b[?6n\x1b[18t\x1b[?u\x1b]11;?\x07\x1b]4;1;?\x07\x1bP$"
                                 "qm\x1b\\\x1b[?2026$p\x05\x1bZ")
                                 ->redraw();
  const std::string without = fed(screen, "")->redraw();
  EXPECT_EQ(redraw, without);
}

TEST(Redraw, IsBoundedWhateverCame) {
  Screen screen(kSize);
  for (int i = 0; i < 3000; ++i) {
    screen.feed(
        as_bytes(fmt::format("\x1b[?{}h\x1b]4;{};{}\x07\x1b[22;0t\x1b[>1u\x1b[>{};1m", i, i, std::string(60, 'c'), i)));
    screen.feed(as_bytes("\x1b]0;" + std::string(3000, 't') + "\x07\x1b]8;;" + std::string(3000, 'u') + "\x07"));
  }
  EXPECT_LT(screen.redraw().size(), 64 * 1024U);
}

TEST(Redraw, AfterAResize) {
  Screen screen(kSize);
  screen.feed(as_bytes("\x1b[2;4r\x1b[31mone\r\ntwo\x1b[5;20H"));
  screen.resize({.columns = 30, .rows = 8});
  screen.feed(as_bytes("\x1b[8;30Hx"));
  Screen viewer({.columns = 30, .rows = 8});
  viewer.feed(as_bytes(screen.redraw()));
  EXPECT_EQ(shown(viewer), shown(screen));
  EXPECT_EQ(viewer.cursor(), screen.cursor());
  screen.resize({.columns = 4, .rows = 2});
  EXPECT_LT(screen.cursor().row, 2);
  EXPECT_FALSE(screen.redraw().empty());
}

}  // namespace
}  // namespace farpty::vt
