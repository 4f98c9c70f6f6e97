#include "client/window.hpp"

#include <algorithm>

namespace farpty::client {

namespace {

constexpr std::chrono::milliseconds kShortestRound{5};  // below that a clock and a scheduler are what is measured
constexpr double kGrowth = 1.25;                        // a rate that grew by less has not grown (BBR, STARTUP)
constexpr unsigned kPatience = 3;                       // rounds without growth until the path is taken to be full
constexpr double kFull = 0.85;                     // of the window came in a round trip: the rest waited in a queue
constexpr double kGrowing = 2.0, kKept = 1.1;      // x rate x round trip
constexpr unsigned kMemory = 10;                   // rounds after which a best rate is an old one
constexpr std::uint64_t kStride = 16 * 1024;       // bytes
constexpr std::uint64_t kNearStride = 32 * 1024;   // a first window of 64 KiB never closes while they are read
constexpr std::uint64_t kStrides = 16;             // in a window, where that makes them larger, or the path is slow
constexpr std::uint64_t kMostStride = 256 * 1024;  // what the server keeps until then finds room in a processor's cache

}  // namespace

void Window::round_trip(Duration time) {
  if (time > Duration::zero()) shortest_ = shortest_ ? std::min(*shortest_, time) : time;
}

void Window::connected() {
  shortest_.reset();
  round_.reset();
  best_ = 0;
  without_gain_ = age_ = 0;
  size_ = bounds_.first;
}

std::uint64_t Window::stride() const {
  if (size_ < bounds_.first) return size_ / kStrides;
  return std::clamp(size_ / kStrides, size_ == bounds_.first ? kNearStride : kStride, kMostStride);
}

// What is said in a moment in which one of the ends does not get to run keeps a fast path busy; on a slow one that is little.
std::uint64_t Window::floor() const {
  if (without_gain_ < kPatience) return bounds_.first;
  const double moment = std::chrono::duration<double>(kShortestRound).count();
  return std::clamp(static_cast<std::uint64_t>(best_ * moment * kKept), bounds_.least, bounds_.first);
}

void Window::received(std::uint64_t bytes, Time now) {
  if (!shortest_ || bounds_.least == bounds_.most) return;
  if (!round_) {
    round_ = now;
    round_bytes_ = 0;  // what came before the round began is none of it
    return;
  }
  round_bytes_ += bytes;
  if (now - *round_ >= std::max<Duration>(*shortest_, kShortestRound)) end_round(now);
}

void Window::end_round(Time now) {
  const double time = std::chrono::duration<double>(now - *round_).count();
  const std::uint64_t bytes = round_bytes_;
  round_ = now;
  round_bytes_ = 0;
  // The program, or our own terminal, had no more to say or to show: nothing is learned about the path.
  if (static_cast<double>(bytes) < static_cast<double>(size_) / 4) return;
  const double rate = static_cast<double>(bytes) / time;
  const double trip = std::chrono::duration<double>(*shortest_).count();
  const bool waits = rate * trip < static_cast<double>(size_) * kFull;  // no need to see it again
  if (rate > best_ * kGrowth)
    without_gain_ = 0;  // TCP's own slow start, too
  else
    without_gain_ = waits ? kPatience : without_gain_ + 1;
  if (rate > best_ || ++age_ > kMemory) {
    best_ = rate;
    age_ = 0;
  }
  const double wanted = best_ * trip * (without_gain_ < kPatience ? kGrowing : kKept);
  size_ = std::clamp(static_cast<std::uint64_t>(wanted), floor(), bounds_.most);
}

}  // namespace farpty::client
