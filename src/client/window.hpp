// Window: how many bytes of a stream may be on their way to us.
//
// As many as the path carries in a round trip keep it busy; what is more waits in queues on the way, and delays the answer to
// Ctrl-C by as long as it takes to empty them. So it follows measured rate x round trip, after BBR (Cardwell et al., 2017):
// doubled while that makes the rate grow, and then kept just above what was measured, be that less than it began with. It has
// no clock. Pure.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

namespace farpty::client {

class Window {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  struct Bounds {
    std::uint64_t least = 0;  // bytes; only where measured rate x round trip is less still
    std::uint64_t first = 0;  // until something is measured, and the least of a fast path
    std::uint64_t most = 0;
  };

  explicit Window(Bounds bounds) : bounds_(bounds), size_(bounds.first) {}

  // Of a question and its answer; the shortest counts.
  void round_trip(Duration time);
  void received(std::uint64_t bytes, Time now);
  // Another path, perhaps.
  void connected();

  [[nodiscard]] std::uint64_t size() const { return size_; }
  // How many bytes are read before the sender is told: so much less than size() it has on its way at times.
  [[nodiscard]] std::uint64_t stride() const;

 private:
  void end_round(Time now);
  [[nodiscard]] std::uint64_t floor() const;

  Bounds bounds_;
  std::uint64_t size_;
  std::optional<Duration> shortest_;
  std::optional<Time> round_;  // when it began
  std::uint64_t round_bytes_ = 0;
  double best_ = 0;  // bytes a second, of the last rounds in which the window was what limited it
  unsigned without_gain_ = 0;
  unsigned age_ = 0;  // of best_, in such rounds
};

}  // namespace farpty::client
