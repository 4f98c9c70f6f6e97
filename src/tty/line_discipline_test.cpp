// What a caller of the line discipline relies on: reads that go on, input that is held back, a port_ without room.
// How lines, echo and output behave stands in tests/parity/cases, which the kernel must fulfil too.
#include "tty/line_discipline.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <new>
#include <string>
#include <string_view>
#include <vector>

namespace farpty::tty {
namespace {

class Port final : public MasterPort {
 public:
  [[nodiscard]] std::size_t room() const override { return space; }
  std::size_t write(const std::uint8_t* bytes, std::size_t size) override {
    const std::size_t count = std::min(size, space);
    shown.append(reinterpret_cast<const char*>(bytes), count);
    space -= count;
    return count;
  }
  void discard() override { shown.clear(); }

  std::size_t space = 100'000;
  std::string shown;
};

class LineDisciplineTest : public testing::Test {
 protected:
  void set(std::uint32_t Termios::* word, std::uint32_t off, std::uint32_t on) {
    Termios wanted = tty_.termios();
    wanted.*word = (wanted.*word & ~off) | on;
    tty_.set_termios(wanted);
  }
  void set_raw(std::uint8_t minimum, std::uint8_t time) {
    Termios wanted = make_raw(tty_.termios());
    wanted.cc[kVmin] = minimum;
    wanted.cc[kVtime] = time;
    tty_.set_termios(wanted);
  }
  std::size_t type(std::string_view text) {
    return tty_.receive(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  }
  std::size_t print(std::string_view text) {
    return tty_.write(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  }
  std::string read(std::size_t size = 8192) {
    std::string to(size, 0);
    Reading reading(reinterpret_cast<std::uint8_t*>(to.data()), size);
    to.resize(tty_.read(reading).size);
    return to;
  }

  Port port_;
  LineDiscipline tty_{port_};
  std::uint8_t buffer_[256] = {};
};

using enum ReadResult::Wait;

TEST_F(LineDisciplineTest, IsSmall) { EXPECT_LT(sizeof(LineDiscipline), 9U * 1024); }

TEST_F(LineDisciplineTest, AReadWaitsForTheLineAndGoesOn) {
  Reading reading(buffer_, sizeof buffer_);
  type("ab");
  EXPECT_EQ(tty_.read(reading).wait, kInput);
  EXPECT_FALSE(tty_.readable());
  type("c\n");
  EXPECT_TRUE(tty_.readable());
  const ReadResult result = tty_.read(reading);
  EXPECT_EQ(result.wait, kDone);
  EXPECT_EQ(std::string(buffer_, buffer_ + result.size), "abc\n");
}

TEST_F(LineDisciplineTest, WhatIsPutBackIsPartOfWhatTheSwitchMakes) {
  set_raw(1, 0);
  type("a\nbc");
  Reading first(buffer_, 3);
  ASSERT_EQ(tty_.read(first).size, 3U);
  ASSERT_TRUE(tty_.put_back(buffer_ + 2, 1));
  Termios lines = tty_.termios();
  lines.lflag |= lflag::kIcanon;
  tty_.set_termios(lines);
  EXPECT_EQ(tty_.unread(), 2U);
  Reading second(buffer_, sizeof buffer_);
  EXPECT_EQ(tty_.read(second).size, 2U);
  EXPECT_EQ(std::string(buffer_, buffer_ + 2), "bc");
  const std::vector<std::uint8_t> much(4096, 'x');
  EXPECT_FALSE(tty_.put_back(much.data(), much.size())) << "there is no room for as much";
}

// EXTPROC with ICANON: an overfull queue drops a byte that is readable all the same. Once it was given away, nothing is left, whatever
// comes then: this was read without end.
TEST_F(LineDisciplineTest, AnOverfullQueueUnderExtprocIsEmptyWhenAllWasGiven) {
  set(&Termios::lflag, 0, lflag::kExtproc);
  EXPECT_EQ(type(std::string(6000, 'x')), 6000U);
  std::vector<std::uint8_t> bytes(8192);
  Reading all(bytes.data(), bytes.size());
  EXPECT_EQ(tty_.give(all).size, 4096U);
  EXPECT_EQ(tty_.kept(), 0U);
  for (const char key : std::string_view("abc")) tty_.simulate_input(static_cast<std::uint8_t>(key));
  EXPECT_LE(tty_.kept(), 3U);
  set(&Termios::lflag, lflag::kIcanon, 0);
  Reading more(bytes.data(), bytes.size());
  EXPECT_LE(tty_.give(more).size, 3U);
  Reading nothing(bytes.data(), bytes.size());
  EXPECT_EQ(tty_.give(nothing).size, 0U);
  tty_.set_given(0);
  EXPECT_EQ(type("y"), 1U);
  EXPECT_EQ(read(), "y");
}

TEST_F(LineDisciplineTest, ARawReadCollectsVmin) {
  set_raw(3, 0);
  Reading reading(buffer_, sizeof buffer_);
  type("a");
  ReadResult result = tty_.read(reading);
  EXPECT_EQ(result.wait, kInput);
  EXPECT_EQ(result.size, 1U);
  EXPECT_EQ(tty_.unread(), 0U) << "the byte belongs to the waiting read";
  type("bc");
  result = tty_.read(reading);
  EXPECT_EQ(result.wait, kDone);
  EXPECT_EQ(result.size, 3U);
}

TEST_F(LineDisciplineTest, VtimeRunsFromTheFirstByteOrFromTheStart) {
  struct Example {
    std::uint8_t minimum, time;
    std::string_view typed;
    ReadResult::Wait wait;
  };
  constexpr auto kExample = [](std::uint8_t minimum, std::uint8_t time, std::string_view typed, ReadResult::Wait wait) {
    return Example{.minimum = minimum, .time = time, .typed = typed, .wait = wait};
  };
  const Example examples[] = {
      kExample(0, 0, "", kDone),   kExample(0, 7, "", kTimer), kExample(0, 7, "a", kDone),  kExample(2, 0, "", kInput),
      kExample(2, 0, "a", kInput), kExample(2, 7, "", kInput), kExample(2, 7, "a", kTimer), kExample(2, 7, "ab", kDone),
  };
  for (const Example& example : examples) {
    set_raw(example.minimum, example.time);
    type(example.typed);
    Reading reading(buffer_, sizeof buffer_);
    const ReadResult result = tty_.read(reading);
    EXPECT_EQ(result.wait, example.wait) << int{example.minimum} << " " << int{example.time};
    EXPECT_EQ(result.deciseconds, example.wait == kTimer ? example.time : 0)
        << int{example.minimum} << " " << int{example.time};
    EXPECT_EQ(result.size, example.typed.size()) << int{example.minimum} << " " << int{example.time};
  }
}

TEST_F(LineDisciplineTest, HoldsInputBackAndSaysWhenThereIsRoom) {
  set_raw(1, 0);
  const std::string much(5000, 'x');
  EXPECT_EQ(type(much), 4095U);
  EXPECT_FALSE(tty_.wants_held_back_input());
  EXPECT_EQ(read(1000).size(), 1000U);
  EXPECT_TRUE(tty_.wants_held_back_input());
  EXPECT_FALSE(tty_.wants_held_back_input()) << "told once";
  EXPECT_EQ(type(much.substr(4095)), 905U);
}

TEST_F(LineDisciplineTest, StopAndStartWorkAheadOfInputThatIsHeldBack) {
  set(&Termios::lflag, lflag::kIcanon | lflag::kEcho, 0);
  const std::string much(4095, 'x');
  ASSERT_EQ(type(much), 4095U);
  ASSERT_EQ(type("\x13"), 0U);
  constexpr std::uint8_t kHeldBack[] = {023};
  tty_.look_ahead(kHeldBack, 1);
  EXPECT_TRUE(tty_.stopped());
  tty_.control_flow(FlowAction::kOutputOff);
  tty_.control_flow(FlowAction::kOutputOn);
  EXPECT_FALSE(tty_.stopped());
  EXPECT_EQ(read().size(), 4095U);
  EXPECT_EQ(type("\x13"), 1U);
  EXPECT_FALSE(tty_.stopped()) << "it has worked already";
}

TEST_F(LineDisciplineTest, SimulatedInputIsDroppedWhereThereIsNoRoom) {
  set_raw(1, 0);
  type(std::string(4095, 'x'));
  tty_.simulate_input('y');
  EXPECT_EQ(read(), std::string(4095, 'x'));
  tty_.simulate_input('y');
  EXPECT_EQ(read(), "y");
}

TEST_F(LineDisciplineTest, EchoWaitsForRoom) {
  port_.space = 2;
  type("abc\x01");
  EXPECT_EQ(port_.shown, "ab");
  port_.space = 2;
  print("");
  EXPECT_EQ(port_.shown, "abc") << "a caret and its letter are not parted";
  port_.space = 2;
  print("");
  EXPECT_EQ(port_.shown, "abc^A");
}

// With ECHOPRT, without ECHOCTL, VLNEXT inside an erasure crosses the marks of the echo queue, and all of its ring is shown: what
// the kernel has there is zero, and what this process had in its memory before is nobody's to see.
TEST(LineDisciplineMemory, EchoOfCrossedMarksShowsNothingOfOthers) {
  alignas(LineDiscipline) static unsigned char memory[sizeof(LineDiscipline)];
  std::ranges::fill(memory, 'S');
  Port port;
  auto* const tty = new (memory) LineDiscipline(port);
  Termios wanted = tty->termios();
  wanted.lflag = (wanted.lflag & ~lflag::kEchoctl) | lflag::kEchoprt;
  tty->set_termios(wanted);
  for (const char key : std::string_view("\t\t\x7f\x16")) tty->simulate_input(static_cast<std::uint8_t>(key));
  port.shown.clear();
  static_cast<void>(tty->write(nullptr, 0));
  EXPECT_GT(port.shown.size(), 4000U) << "the ring is not shown: the test has lost its subject";
  EXPECT_EQ(port.shown.find('S'), std::string::npos);
  tty->~LineDiscipline();
}

TEST_F(LineDisciplineTest, AWriterIsToldHowMuchWasTaken) {
  port_.space = 4;
  EXPECT_TRUE(tty_.writable());
  EXPECT_EQ(print("ab\ncd"), 3U);
  EXPECT_EQ(port_.shown, "ab\r\n");
  EXPECT_FALSE(tty_.writable());
  port_.space = 1;
  EXPECT_EQ(print("\n"), 0U) << "a newline needs two";
}

TEST_F(LineDisciplineTest, SignalsAreCollectedUntilTaken) {
  set(&Termios::lflag, 0, lflag::kNoflsh);
  type("\x03\x03\x1a");
  const Actions actions = tty_.take_actions();
  EXPECT_TRUE(actions.interrupt);
  EXPECT_TRUE(actions.suspend);
  EXPECT_FALSE(actions.quit);
  EXPECT_FALSE(tty_.take_actions().interrupt);
}

TEST_F(LineDisciplineTest, ReadablePromisesVminWhereNoTimerRuns) {
  set_raw(3, 0);
  type("ab");
  EXPECT_FALSE(tty_.readable());
  set_raw(3, 1);
  EXPECT_TRUE(tty_.readable());
}

}  // namespace
}  // namespace farpty::tty
