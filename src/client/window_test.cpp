#include "client/window.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace farpty::client {
namespace {

using std::chrono::duration;
using std::chrono::milliseconds;

constexpr std::uint64_t kKiB = 1024;
constexpr Window::Bounds kTerminal{.least = 16 * kKiB, .first = 64 * kKiB, .most = 4096 * kKiB};

// A path of that rate and round trip on which a program always has more to say: bytes come at the rate of the path, or of a
// window for each round trip where that is less.
void flood(Window& window, double bytes_a_second, milliseconds trip, unsigned rounds) {
  static Window::Time now{std::chrono::hours(1)};  // no clock goes back
  window.round_trip(trip);
  const double step = 0.001;
  const auto steps = static_cast<unsigned>(rounds * duration<double>(trip).count() / step);
  double left = 0;
  for (unsigned i = 0; i < steps; ++i) {
    now += milliseconds(1);
    const double by_window = static_cast<double>(window.size()) / duration<double>(trip).count();
    left += std::min(bytes_a_second, by_window) * step;
    window.received(static_cast<std::uint64_t>(left), now);
    left -= static_cast<double>(static_cast<std::uint64_t>(left));
  }
}

TEST(Window, OfASlowPathIsWhatItHolds) {
  Window window(kTerminal);
  flood(window, 1e6, milliseconds(50), 100);  // 8 Mbit/s: 50 kB in a round trip
  EXPECT_GE(window.size(), 50'000 + window.stride()) << "there is always something on the way";
  EXPECT_LE(window.size(), 57'000U) << "all above 50 kB is what Ctrl-C waits for";
}

// Who interrupts a flood does so when he sees it.
TEST(Window, OfASlowPathIsKnownInThreeRounds) {
  Window window(kTerminal);
  flood(window, 1e6, milliseconds(50), 3);
  EXPECT_LE(window.size(), 57'000U);
}

TEST(Window, WaitsForTcpsSlowStart) {
  Window window(kTerminal);
  for (const double share : {0.25, 0.5, 0.95}) {  // of what the first window lets through in 50 ms
    flood(window, share * 64 * kKiB / 0.05, milliseconds(50), 1);
    EXPECT_GE(window.size(), 64 * kKiB);
  }
  flood(window, 12.5e6, milliseconds(50), 10);
  EXPECT_GE(window.size(), 625'000U);
}

TEST(Window, IsNeverLessThanItsBound) {
  Window window(kTerminal);
  flood(window, 20e3, milliseconds(1000), 100);
  EXPECT_GE(window.size(), 16 * kKiB);
}

TEST(Window, OfAFastNearPathStaysAsItWas) {
  Window window(kTerminal);
  flood(window, 40e6, milliseconds(1), 1000);  // 40 kB in a round trip, and much more while one end waits for its turn
  EXPECT_EQ(window.size(), 64 * kKiB);
  EXPECT_EQ(window.stride(), 32 * kKiB) << "half of it is read while the other half is on its way";
}

TEST(Window, ThatBecameSmallGrowsWithThePath) {
  Window window(kTerminal);
  flood(window, 0.6e6, milliseconds(50), 100);
  ASSERT_LT(window.size(), 40 * kKiB);
  flood(window, 12.5e6, milliseconds(50), 100);
  EXPECT_GE(window.size(), 625'000U);
}

TEST(Window, GrowsToWhatALongFastPathHoldsAndNotFarBeyond) {
  Window window(kTerminal);
  flood(window, 12.5e6, milliseconds(100), 100);  // 100 Mbit/s: 1.25 MB in a round trip
  EXPECT_GE(window.size(), 1'250'000U);
  EXPECT_LE(window.size(), 1'250'000U * 13 / 10);
}

TEST(Window, KnowsItsBound) {
  Window window(kTerminal);
  flood(window, 1e9, milliseconds(100), 100);
  EXPECT_EQ(window.size(), 4096 * kKiB);
}

TEST(Window, WhatAPersonReadsTeachesNothing) {
  Window window(kTerminal);
  flood(window, 12.5e6, milliseconds(100), 100);
  flood(window, 2000, milliseconds(100), 3);  // ends the round that the flood left open
  const auto before = window.size();
  flood(window, 2000, milliseconds(100), 200);
  EXPECT_EQ(window.size(), before);
}

TEST(Window, ANewPathBeginsAtTheFloor) {
  Window window(kTerminal);
  flood(window, 12.5e6, milliseconds(100), 100);
  window.connected();
  EXPECT_EQ(window.size(), 64 * kKiB);
}

TEST(Window, OfPipesIsAlwaysTheSame) {
  Window window({.least = 16384 * kKiB, .first = 16384 * kKiB, .most = 16384 * kKiB});
  flood(window, 1e5, milliseconds(10), 10);
  EXPECT_EQ(window.size(), 16384 * kKiB);
}

}  // namespace
}  // namespace farpty::client
