// Line: one direction of a simulated network path. Bytes go in with the time at which they came, and come out when the
// path would have carried them: bandwidth first (a token bucket at the bottleneck), then delay and jitter, order kept.
//
// Pure: no socket, no clock; the caller tells the time. Faults sit at byte offsets of what was delivered, so that a run
// can be repeated exactly. Invariant: every byte that is pushed is delivered once, in order, never before it is due.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <random>
#include <vector>

#include "base/bytes.hpp"

namespace farpty::kit {

using Time = std::chrono::nanoseconds;  // since an epoch of the caller's choice
inline constexpr Time kNever = Time::max();
inline constexpr Time kLongAgo{-(std::int64_t{1} << 60)};  // far from the ends, so that it may be calculated with

struct Shape {
  Time delay{};
  Time jitter{};                   // uniform in [0, jitter], added to the delay
  std::uint64_t rate = 0;          // bytes a second; 0 is unlimited
  std::size_t burst = 4 * 1024;    // bytes that pass at once after silence
  std::size_t queue = 256 * 1024;  // bytes that may wait at the bottleneck, or for a receiver that does not read
};

enum class Action { kCut, kReset, kStall };

struct Fault {
  Action action = Action::kCut;
  std::uint64_t offset = 0;  // bytes delivered before it strikes
  std::uint64_t mean = 0;    // not 0: strikes again and again, at distances drawn with this mean; `offset` is ignored
  Time stall_for = kNever;   // kStall only
};

// How a stream of bytes ended.
enum class Ending { kFin, kReset };

// What the owner of a line is to do now.
struct Step {
  enum class Kind { kWait, kDeliver, kFin, kReset, kCut };
  Kind kind = Kind::kWait;
  Time at = kNever;  // kWait: ask again then, or when something was pushed or changed
  Bytes bytes{};     // kDeliver: valid until delivered()
};

class Line {
 public:
  Line(Shape shape, std::vector<Fault> faults, std::uint64_t seed);

  void push(std::vector<std::byte> bytes, Time now);
  void end(Ending how, Time now);  // travels behind the bytes; nothing may be pushed after it

  [[nodiscard]] Step next(Time now);
  void delivered(std::size_t count);

  // From when on more may be pushed: `now`, a later time, or kNever (ask again after delivered()).
  [[nodiscard]] Time room_at(Time now);

  void reshape(Shape shape) { shape_ = shape; }  // what is on its way keeps its time
  [[nodiscard]] const Shape& shape() const noexcept { return shape_; }
  void stall(Time until) { stalled_until_ = until; }
  void resume() { stalled_until_ = kLongAgo; }

  [[nodiscard]] std::uint64_t bytes_in() const noexcept { return in_; }
  [[nodiscard]] std::uint64_t bytes_out() const noexcept { return out_; }

 private:
  struct Piece {
    std::vector<std::byte> bytes;
    Time due;
  };

  void push_piece(std::vector<std::byte> bytes, Time now);
  [[nodiscard]] Time due_after(Time departure);
  [[nodiscard]] std::uint64_t draw_distance(std::uint64_t mean);
  [[nodiscard]] Fault* nearest_fault();
  void count_due(Time now);

  Shape shape_;
  std::vector<Fault> faults_;
  std::mt19937_64 random_;
  std::deque<Piece> pieces_;
  std::size_t front_sent_ = 0;  // bytes of the front piece that were delivered
  std::size_t due_pieces_ = 0;  // pieces at the front that are due, and their bytes that were not yet delivered
  std::size_t due_bytes_ = 0;
  std::size_t held_ = 0;
  Time link_free_ = kLongAgo;  // when the bottleneck has sent all that it was given
  Time last_due_ = kLongAgo;
  Time stalled_until_ = kLongAgo;
  bool ended_ = false;
  Ending ending_ = Ending::kFin;
  Time end_due_{};
  std::uint64_t in_ = 0;
  std::uint64_t out_ = 0;
};

}  // namespace farpty::kit
