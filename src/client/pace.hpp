// Pace: when what was recorded is shown: at its own time, faster or slower, with long pauses cut, and not while it pauses.
// Pure: it is told the time.
//
// Squeeze makes the times of a recording those of the show (pauses cut); Pace relates these to the clock.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

#include "cast/recording.hpp"

namespace farpty::client {

class Squeeze {
 public:
  explicit Squeeze(std::optional<cast::Micros> idle_limit) : limit_(idle_limit) {}

  // For each time of the recording in order.
  cast::Micros of(cast::Micros at) {
    const cast::Micros pause = at - last_;
    last_ = at;
    return show_ += limit_ ? std::min(pause, *limit_) : pause;
  }
  void rewind() { last_ = show_ = 0; }

 private:
  std::optional<cast::Micros> limit_;
  cast::Micros last_ = 0, show_ = 0;
};

class Pace {
 public:
  using Clock = std::chrono::steady_clock;

  // `speed`: 2 is twice as fast; above 0. It begins at once.
  Pace(double speed, Clock::time_point now) : speed_(speed), since_(now) {}

  [[nodiscard]] bool pauses() const { return pauses_; }
  void pause(Clock::time_point now) {
    at_ = position(now);
    pauses_ = true;
  }
  void go_on(Clock::time_point now) {
    since_ = now;
    pauses_ = false;
  }
  // From here it goes on, or pauses.
  void go_to(cast::Micros position, Clock::time_point now) {
    at_ = std::max<cast::Micros>(0, position);
    since_ = now;
  }

  // How far the show is.
  [[nodiscard]] cast::Micros position(Clock::time_point now) const {
    if (pauses_) return at_;
    const auto passed = std::chrono::duration_cast<std::chrono::microseconds>(now - since_).count();
    return at_ + static_cast<cast::Micros>(static_cast<double>(passed) * speed_);
  }
  // When `at` is due, if nothing pauses. At most a day away: whoever waits asks again then.
  [[nodiscard]] Clock::time_point due(cast::Micros at) const {
    constexpr double kDay = 86400e6;
    const double wait = std::clamp(static_cast<double>(at - at_) / speed_, 0.0, kDay);
    return since_ + std::chrono::microseconds(static_cast<cast::Micros>(wait) + (wait > 0 ? 1 : 0));
  }

 private:
  double speed_;
  bool pauses_ = false;
  cast::Micros at_ = 0;      // at since_, or while it pauses
  Clock::time_point since_;  // it goes on since then
};

}  // namespace farpty::client
