#include "client/pace.hpp"

#include <gtest/gtest.h>

namespace farpty::client {
namespace {

using namespace std::chrono_literals;
constexpr Pace::Clock::time_point kStart{1000s};

TEST(Squeeze, CutsPausesAndKeepsTheRest) {
  Squeeze squeeze(2'000'000);
  EXPECT_EQ(squeeze.of(1'000'000), 1'000'000);
  EXPECT_EQ(squeeze.of(9'000'000), 3'000'000);
  EXPECT_EQ(squeeze.of(9'000'001), 3'000'001);
  squeeze.rewind();
  EXPECT_EQ(squeeze.of(9'000'000), 2'000'000);
  Squeeze none(std::nullopt);
  EXPECT_EQ(none.of(9'000'000), 9'000'000);
}

TEST(Pace, FollowsTheClockAtItsSpeed) {
  const Pace pace(2, kStart);
  EXPECT_EQ(pace.position(kStart + 3s), 6'000'000);
  EXPECT_LE(pace.due(6'000'000), kStart + 3s + 1us);
  // Whoever waits until it is due is there.
  for (const cast::Micros at : {1, 2, 3, 999'999, 1'000'001})
    for (const double speed : {0.3, 1.0, 1.7, 33.0}) {
      const Pace odd(speed, kStart);
      EXPECT_GE(odd.position(odd.due(at)), at) << speed;
    }
}

TEST(Pace, WhileItPausesNoTimePasses) {
  Pace pace(1, kStart);
  pace.pause(kStart + 5s);
  EXPECT_EQ(pace.position(kStart + 50s), 5'000'000);
  pace.go_on(kStart + 60s);
  EXPECT_EQ(pace.position(kStart + 61s), 6'000'000);
  EXPECT_GE(pace.due(8'000'000), kStart + 63s);
}

TEST(Pace, GoesWhereItIsSent) {
  Pace pace(1, kStart);
  pace.go_to(30'000'000, kStart + 5s);
  EXPECT_EQ(pace.position(kStart + 6s), 31'000'000);
  pace.pause(kStart + 6s);
  pace.go_to(-5, kStart + 9s);
  EXPECT_EQ(pace.position(kStart + 20s), 0);
  EXPECT_TRUE(pace.pauses());
}

TEST(Pace, AWaitOfYearsDoesNotOverflow) {
  const Pace pace(0.001, kStart);
  EXPECT_LE(pace.due(cast::Micros{100} * 366 * 86400 * 1'000'000), kStart + 25h);
}

}  // namespace
}  // namespace farpty::client
