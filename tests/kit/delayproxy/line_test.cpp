#include "line.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace farpty::kit {
namespace {

using namespace std::chrono_literals;

std::vector<std::byte> bytes_of(std::string_view text) {
  const Bytes bytes = as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

// All that the line gives out at `now`; stops at the first step that is not a delivery, and stores that in `last`.
std::string take(Line& line, Time now, Step* last = nullptr) {
  std::string taken;
  for (;;) {
    const Step step = line.next(now);
    if (step.kind != Step::Kind::kDeliver) {
      if (last != nullptr) *last = step;
      return taken;
    }
    taken += as_text(step.bytes);
    line.delivered(step.bytes.size());
  }
}

TEST(Line, CarriesAtOnceWithoutDelay) {
  Line line({}, {}, 1);
  line.push(bytes_of("hello"), 5ms);
  EXPECT_EQ(take(line, 5ms), "hello");
  EXPECT_EQ(line.bytes_in(), 5U);
  EXPECT_EQ(line.bytes_out(), 5U);
}

TEST(Line, NeverDeliversEarlyAndNamesTheMoment) {
  Line line({.delay = 20ms}, {}, 1);
  line.push(bytes_of("a"), 0ms);
  line.push(bytes_of("b"), 3ms);
  Step wait;
  EXPECT_EQ(take(line, 20ms - 1ns, &wait), "");
  EXPECT_EQ(wait.at, Time(20ms));
  EXPECT_EQ(take(line, 20ms, &wait), "a");
  EXPECT_EQ(wait.at, Time(23ms));
  EXPECT_EQ(take(line, 23ms), "b");
}

TEST(Line, JitterStaysInItsBoundsKeepsOrderAndRepeatsFromItsSeed) {
  const auto times = [](std::uint64_t seed) {
    Line line({.delay = 10ms, .jitter = 5ms}, {}, seed);
    std::vector<Time> due;
    Time now{};
    for (int i = 0; i < 200; ++i, now += 1ms) {
      line.push(bytes_of("x"), now);
      Step wait;
      const std::string taken = take(line, now, &wait);
      due.push_back(wait.at);
      EXPECT_GE(wait.at, now);
      EXPECT_LE(wait.at, now + 15ms);
    }
    EXPECT_TRUE(std::ranges::is_sorted(due));
    return due;
  };
  EXPECT_EQ(times(7), times(7));
  EXPECT_NE(times(7), times(8));
}

TEST(Line, BandwidthIsExactAfterTheBurst) {
  constexpr std::uint64_t kRate = 100'000;
  Line line({.rate = kRate, .burst = 1000, .queue = 1 << 20}, {}, 1);
  line.push(std::vector<std::byte>(51'000), 0ms);
  std::uint64_t delivered = 0;
  for (Time now{}; now <= 500ms; now += 1ms) {
    delivered += take(line, now).size();
    const double allowed = 1000 + static_cast<double>(kRate) * static_cast<double>(now.count()) / 1e9;
    EXPECT_LE(static_cast<double>(delivered), allowed + 1e-6);
    EXPECT_GE(static_cast<double>(delivered) + 1448, std::min(allowed, 51'000.0));
  }
  EXPECT_EQ(delivered, 51'000U);
}

TEST(Line, QueueAtTheBottleneckIsBounded) {
  Line line({.rate = 1000, .burst = 0, .queue = 2000}, {}, 1);
  EXPECT_EQ(line.room_at(0ms), Time(0ms));
  line.push(std::vector<std::byte>(5000), 0ms);
  EXPECT_EQ(line.room_at(0ms), Time(3s));  // 5 s of work; room again when only 2 s are left
}

TEST(Line, BytesInFlightAreNotCountedAsWaiting) {
  Line line({.delay = 1s, .queue = 1000}, {}, 1);
  for (int i = 0; i < 10; ++i) line.push(std::vector<std::byte>(1000), 0ms);
  EXPECT_EQ(line.room_at(500ms), Time(500ms));
  EXPECT_EQ(line.room_at(1s), kNever);  // arrived, but nobody takes them
  EXPECT_EQ(take(line, 1s).size(), 10'000U);
  EXPECT_EQ(line.room_at(1s), Time(1s));
}

TEST(Line, StallHoldsEverythingAndResumeLosesNothing) {
  Line line({}, {}, 1);
  line.stall(kNever);
  line.push(bytes_of("abc"), 0ms);
  line.end(Ending::kFin, 1ms);
  Step wait;
  EXPECT_EQ(take(line, 1h, &wait), "");
  EXPECT_EQ(wait.at, kNever);
  line.resume();
  EXPECT_EQ(take(line, 1h, &wait), "abc");
  EXPECT_EQ(wait.kind, Step::Kind::kFin);
}

TEST(Line, FaultStrikesAtItsExactByte) {
  Line line({}, {{.action = Action::kCut, .offset = 4}}, 1);
  line.push(bytes_of("abcdef"), 0ms);
  Step step;
  EXPECT_EQ(take(line, 0ms, &step), "abcd");
  EXPECT_EQ(step.kind, Step::Kind::kCut);
}

TEST(Line, StallFaultIsOverAfterItsTime) {
  Line line({}, {{.action = Action::kStall, .offset = 2, .stall_for = 50ms}}, 1);
  line.push(bytes_of("abcd"), 0ms);
  Step step;
  EXPECT_EQ(take(line, 10ms, &step), "ab");
  EXPECT_EQ(step.at, Time(60ms));
  EXPECT_EQ(take(line, 60ms), "cd");
}

TEST(Line, RandomFaultsComeAtTheirMeanDistanceAndRepeatFromTheSeed) {
  const auto offsets = [](std::uint64_t seed) {
    Line line({}, {{.action = Action::kReset, .mean = 1000}}, seed);
    std::vector<std::uint64_t> struck;
    while (struck.size() < 400) {
      line.push(std::vector<std::byte>(333), 0ms);
      Step step;
      take(line, 0ms, &step);
      for (; step.kind == Step::Kind::kReset; take(line, 0ms, &step)) struck.push_back(line.bytes_out());
    }
    return struck;
  };
  const auto struck = offsets(3);
  EXPECT_EQ(struck, offsets(3));
  EXPECT_NE(struck, offsets(4));
  EXPECT_NEAR(static_cast<double>(struck.back()) / static_cast<double>(struck.size()), 1000, 150);
}

TEST(Line, ResetTravelsBehindTheBytes) {
  Line line({.delay = 10ms}, {}, 1);
  line.push(bytes_of("last words"), 0ms);
  line.end(Ending::kReset, 2ms);
  Step step;
  EXPECT_EQ(take(line, 10ms, &step), "last words");
  EXPECT_EQ(step.at, Time(12ms));
  EXPECT_EQ(line.next(12ms).kind, Step::Kind::kReset);
}

}  // namespace
}  // namespace farpty::kit
