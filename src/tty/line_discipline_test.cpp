// What a caller of the line discipline relies on: reads that go on, input that is held back, a port without room.
// How lines, echo and output behave stands in tests/parity/cases, which the kernel must fulfil too.
#include "tty/line_discipline.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace farpty::tty {
namespace {

class Port final : public MasterPort {
 public:
  std::size_t room() const override { return space; }
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
    Termios wanted = tty.termios();
    wanted.*word = (wanted.*word & ~off) | on;
    tty.set_termios(wanted);
  }
  void set_raw(std::uint8_t minimum, std::uint8_t time) {
    Termios wanted = make_raw(tty.termios());
    wanted.cc[kVmin] = minimum;
    wanted.cc[kVtime] = time;
    tty.set_termios(wanted);
  }
  std::size_t type(std::string_view text) {
    return tty.receive(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  }
  std::size_t print(std::string_view text) {
    return tty.write(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  }
  std::string read(std::size_t size = 8192) {
    std::string to(size, 0);
    Reading reading(reinterpret_cast<std::uint8_t*>(to.data()), size);
    to.resize(tty.read(reading).size);
    return to;
  }

  Port port;
  LineDiscipline tty{port};
  std::uint8_t buffer[256] = {};
};

using enum ReadResult::Wait;

TEST_F(LineDisciplineTest, IsSmall) { EXPECT_LT(sizeof(LineDiscipline), 9U * 1024); }

TEST_F(LineDisciplineTest, AReadWaitsForTheLineAndGoesOn) {
  Reading reading(buffer, sizeof buffer);
  type("ab");
  EXPECT_EQ(tty.read(reading).wait, kInput);
  EXPECT_FALSE(tty.readable());
  type("c\n");
  EXPECT_TRUE(tty.readable());
  const ReadResult result = tty.read(reading);
  EXPECT_EQ(result.wait, kDone);
  EXPECT_EQ(std::string(buffer, buffer + result.size), "abc\n");
}

TEST_F(LineDisciplineTest, ARawReadCollectsVmin) {
  set_raw(3, 0);
  Reading reading(buffer, sizeof buffer);
  type("a");
  ReadResult result = tty.read(reading);
  EXPECT_EQ(result.wait, kInput);
  EXPECT_EQ(result.size, 1U);
  EXPECT_EQ(tty.unread(), 0U) << "the byte belongs to the waiting read";
  type("bc");
  result = tty.read(reading);
  EXPECT_EQ(result.wait, kDone);
  EXPECT_EQ(result.size, 3U);
}

TEST_F(LineDisciplineTest, VtimeRunsFromTheFirstByteOrFromTheStart) {
  struct Example {
    std::uint8_t minimum, time;
    std::string_view typed;
    ReadResult expected;
  };
  const Example examples[] = {
      {0, 0, "", {kDone, 0, 0}},   {0, 7, "", {kTimer, 7, 0}}, {0, 7, "a", {kDone, 0, 1}},  {2, 0, "", {kInput, 0, 0}},
      {2, 0, "a", {kInput, 0, 1}}, {2, 7, "", {kInput, 0, 0}}, {2, 7, "a", {kTimer, 7, 1}}, {2, 7, "ab", {kDone, 0, 2}},
  };
  for (const Example& example : examples) {
    set_raw(example.minimum, example.time);
    type(example.typed);
    Reading reading(buffer, sizeof buffer);
    const ReadResult result = tty.read(reading);
    EXPECT_EQ(result.wait, example.expected.wait) << int{example.minimum} << " " << int{example.time};
    EXPECT_EQ(result.deciseconds, example.expected.deciseconds) << int{example.minimum} << " " << int{example.time};
    EXPECT_EQ(result.size, example.expected.size) << int{example.minimum} << " " << int{example.time};
  }
}

TEST_F(LineDisciplineTest, HoldsInputBackAndSaysWhenThereIsRoom) {
  set_raw(1, 0);
  const std::string much(5000, 'x');
  EXPECT_EQ(type(much), 4095U);
  EXPECT_FALSE(tty.wants_held_back_input());
  EXPECT_EQ(read(1000).size(), 1000U);
  EXPECT_TRUE(tty.wants_held_back_input());
  EXPECT_FALSE(tty.wants_held_back_input()) << "told once";
  EXPECT_EQ(type(much.substr(4095)), 905U);
}

TEST_F(LineDisciplineTest, StopAndStartWorkAheadOfInputThatIsHeldBack) {
  set(&Termios::lflag, lflag::kIcanon | lflag::kEcho, 0);
  const std::string much(4095, 'x');
  ASSERT_EQ(type(much), 4095U);
  ASSERT_EQ(type("\x13"), 0U);
  constexpr std::uint8_t kHeldBack[] = {023};
  tty.look_ahead(kHeldBack, 1);
  EXPECT_TRUE(tty.stopped());
  tty.control_flow(FlowAction::kOutputOff);
  tty.control_flow(FlowAction::kOutputOn);
  EXPECT_FALSE(tty.stopped());
  EXPECT_EQ(read().size(), 4095U);
  EXPECT_EQ(type("\x13"), 1U);
  EXPECT_FALSE(tty.stopped()) << "it has worked already";
}

TEST_F(LineDisciplineTest, SimulatedInputIsDroppedWhereThereIsNoRoom) {
  set_raw(1, 0);
  type(std::string(4095, 'x'));
  tty.simulate_input('y');
  EXPECT_EQ(read(), std::string(4095, 'x'));
  tty.simulate_input('y');
  EXPECT_EQ(read(), "y");
}

TEST_F(LineDisciplineTest, EchoWaitsForRoom) {
  port.space = 2;
  type("abc\x01");
  EXPECT_EQ(port.shown, "ab");
  port.space = 2;
  print("");
  EXPECT_EQ(port.shown, "abc") << "a caret and its letter are not parted";
  port.space = 2;
  print("");
  EXPECT_EQ(port.shown, "abc^A");
}

TEST_F(LineDisciplineTest, AWriterIsToldHowMuchWasTaken) {
  port.space = 4;
  EXPECT_TRUE(tty.writable());
  EXPECT_EQ(print("ab\ncd"), 3U);
  EXPECT_EQ(port.shown, "ab\r\n");
  EXPECT_FALSE(tty.writable());
  port.space = 1;
  EXPECT_EQ(print("\n"), 0U) << "a newline needs two";
}

TEST_F(LineDisciplineTest, SignalsAreCollectedUntilTaken) {
  set(&Termios::lflag, 0, lflag::kNoflsh);
  type("\x03\x03\x1a");
  const Actions actions = tty.take_actions();
  EXPECT_TRUE(actions.interrupt);
  EXPECT_TRUE(actions.suspend);
  EXPECT_FALSE(actions.quit);
  EXPECT_FALSE(tty.take_actions().interrupt);
}

TEST_F(LineDisciplineTest, ReadablePromisesVminWhereNoTimerRuns) {
  set_raw(3, 0);
  type("ab");
  EXPECT_FALSE(tty.readable());
  set_raw(3, 1);
  EXPECT_TRUE(tty.readable());
}

}  // namespace
}  // namespace farpty::tty
