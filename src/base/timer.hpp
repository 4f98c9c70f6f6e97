// Timer: one function to be run by the event loop after a time, forgotten if it is cancelled or its owner is gone before.
//
// Why not a bare steady_timer: one whose time has come has put its handler in the loop's queue already, and neither cancel() nor
// the timer's destruction takes it out again; it then runs, without an error, on whatever is left of its owner.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

namespace farpty {

class Timer {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Timer(boost::asio::io_context& context) : timer_(context), slot_(std::make_shared<Slot>()) {}
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer() { forget(); }

  // Replaces what was set before and has not run. `then` may set the timer again, or destroy it.
  void run_after(Clock::duration wait, std::function<void()> then) { run_at(Clock::now() + wait, std::move(then)); }

  void run_at(Clock::time_point when, std::function<void()> then) {
    forget();
    slot_->then = std::move(then);
    timer_.expires_at(when);
    timer_.async_wait([slot = slot_, turn = slot_->turn](const boost::system::error_code&) {
      if (slot->turn != turn || !slot->then) return;
      const auto now = std::exchange(slot->then, nullptr);
      now();
    });
  }

  [[nodiscard]] bool is_set() const { return static_cast<bool>(slot_->then); }

  // Nothing that was set runs after this returns.
  void cancel() {
    forget();
    timer_.cancel();
  }

 private:
  // Shared with the queued handlers, which may outlive the timer by one round of the loop.
  struct Slot {
    std::function<void()> then;
    std::uint64_t turn = 0;  // of how many settings this is; a handler of an older one does nothing
  };

  void forget() {
    slot_->then = nullptr;
    ++slot_->turn;
  }

  boost::asio::steady_timer timer_;
  std::shared_ptr<Slot> slot_;
};

}  // namespace farpty
