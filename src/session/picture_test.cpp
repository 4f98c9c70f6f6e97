#include "session/picture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

#include <fmt/format.h>

namespace farpty::session {
namespace {

constexpr WindowSize kSize{.columns = 40, .rows = 10};

// What a terminal shows that is given `redraw`, beside what one shows that was given all.
void expect_same(const std::string& redraw, const vt::Screen& whole) {
  vt::Screen viewer(whole.size());
  viewer.feed(as_bytes(redraw));
  EXPECT_EQ(viewer.grid().cells, whole.grid().cells);
  EXPECT_EQ(viewer.cursor(), whole.cursor());
  EXPECT_EQ(viewer.redraw(), whole.redraw());
}

TEST(Picture, IsWhatTheWholeStreamGives) {
  const unsigned seed = std::random_device{}();
  std::mt19937 random(seed);
  for (int round = 0; round < 20; ++round) {
    Picture picture(kSize);
    vt::Screen whole(kSize);
    for (int step = 0; step < 60; ++step) {
      const auto feed = [&](const std::string& output) {
        picture.append(as_bytes(output));
        whole.feed(as_bytes(output));
      };
      switch (random() % 8) {
        case 0: feed(fmt::format("\x1b[{};{}H\x1b[{}m", 1 + random() % 12, 1 + random() % 40, random() % 50)); break;
        case 1:
          feed(fmt::format("\x1b[?{}{}", std::array{1, 6, 7, 25, 1049, 2004}[random() % 6], "hl"[random() % 2]));
          break;
        case 2: feed(fmt::format("\x1b[{};{}r", 1 + random() % 4, 5 + random() % 6)); break;
        case 3: feed("\x1b[3"); break;  // the rest comes with the next piece
        case 4: static_cast<void>(picture.redraw()); break;
        case 5: {
          const WindowSize size{.columns = static_cast<std::uint16_t>(20 + random() % 30),
                                .rows = static_cast<std::uint16_t>(5 + random() % 10)};
          picture.resized(size);
          whole.resize(size);
          break;
        }
        default: feed(std::string(random() % 100, static_cast<char>('a' + random() % 26)) + "\r\n"); break;
      }
    }
    SCOPED_TRACE(fmt::format("seed {} round {}", seed, round));
    expect_same(picture.redraw(), whole);
    if (HasFailure()) return;
  }
}

TEST(Picture, IsSmallWhenItIsSettled) {
  Picture picture(kSize);
  EXPECT_LT(picture.memory(), 64U);
  picture.append(as_bytes(std::string(100, 'x')));
  EXPECT_FALSE(picture.is_unsettled());
  for (int line = 0; line < 3000; ++line) picture.append(as_bytes(fmt::format("\x1b[3{}mline {}\r\n", line % 8, line)));
  EXPECT_TRUE(picture.is_unsettled());
  picture.settle();
  EXPECT_FALSE(picture.is_unsettled());
  EXPECT_LT(picture.memory(), 2048U);
  EXPECT_THAT(picture.redraw(), testing::HasSubstr("line 2999"));
}

TEST(Picture, InAFloodFollowsModesAndTheEnd) {
  Picture picture(kSize);
  vt::Screen whole(kSize);
  const auto feed = [&](const std::string& output) {
    picture.append(as_bytes(output));
    whole.feed(as_bytes(output));
    ASSERT_LE(picture.memory(), 2 * Picture::kMostBehind);
  };
  feed("\x1b[?2004h\x1b[?1h\x1b=\x1b]2;title\x07\x1b)0");
  std::string lines;
  for (int line = 0; lines.size() < Picture::kMostBehind; ++line) lines += fmt::format("{}\r\n", line);
  for (int i = 0; i < 3; ++i) feed(lines);
  picture.resized({.columns = 30, .rows = 8});
  whole.resize({.columns = 30, .rows = 8});
  feed("\x1b[?1l\x0e");
  feed(lines);
  EXPECT_TRUE(picture.is_unsettled());
  expect_same(picture.redraw(), whole);
  EXPECT_LT(picture.memory(), 2048U);
}

// A screen full of colours, on a large window: what a viewer is sent is bounded.
TEST(Picture, ARedrawThatIsTooLargeHasTheModesAndNoCells) {
  Picture picture(kSize);
  std::string output = "\x1b[?2004h";
  for (int cell = 0; cell < 40 * 10 - 1; ++cell) output += fmt::format("\x1b[38;2;{};0;{}mx", cell % 256, cell / 256);
  picture.append(as_bytes(output));
  const std::string whole = picture.redraw();
  EXPECT_GT(whole.size(), 4000U);
  EXPECT_EQ(picture.redraw(whole.size()), whole);
  const std::string bounded = picture.redraw(whole.size() - 1);
  EXPECT_LT(bounded.size(), 1000U);
  EXPECT_THAT(bounded, testing::HasSubstr("\x1b[?2004h"));
  vt::Screen viewer(kSize), all(kSize);
  viewer.feed(as_bytes(bounded));
  all.feed(as_bytes(whole));
  EXPECT_EQ(viewer.cursor(), all.cursor());
  EXPECT_EQ(viewer.modes().pen, all.modes().pen);
  EXPECT_TRUE(viewer.grid().at(0, 0).erased());
}

TEST(Picture, ManyResizesAreBounded) {
  Picture picture(kSize);
  for (int i = 0; i < 1000; ++i) {
    picture.append(as_bytes("x"));
    picture.resized({.columns = static_cast<std::uint16_t>(20 + i % 30), .rows = 10});
  }
  EXPECT_LT(picture.memory(), 16 * 1024U);
}

}  // namespace
}  // namespace farpty::session
