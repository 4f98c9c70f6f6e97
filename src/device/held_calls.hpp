// HeldCalls: stopped calls that wait for something: input, output that goes on, the foreground, the end of a timer. A call is looked at again when
// its terminal changes, and begins anew when a signal has taken its thread away; nobody polls.
//
// Of several readers one is let go for each line, in the order of their coming: the others would take the next one past us.
// Writers are let go together.
// Invariant: at most kMost calls are held; each thread holds one, its last.
#pragma once

#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <set>

#include <boost/asio/io_context.hpp>

#include "base/later.hpp"
#include "base/timer.hpp"
#include "device/stopped_call.hpp"

namespace farpty::device {

// What a call remembers between two looks at it.
struct Patience {
  bool admitted = false;  // was in the foreground when it came: asked once, as in the kernel
  int seen = 0;           // bytes that lay there at the last look
  std::optional<std::chrono::steady_clock::time_point> until;  // VTIME runs
};

struct Outcome {
  enum class Kind : std::uint8_t {
    kDone,      // the word is said, or will be
    kReleased,  // a reader was let go to fetch what lies there
    kHeld,      // until terminal `number` changes, or `patience.until`
  };
  // What a held call waits for. Of those that wait for input one is let go at a time.
  enum class Awaits : std::uint8_t { kInput, kOutput };
  Kind kind = Kind::kDone;
  int number = 0;
  Awaits awaits = Awaits::kInput;
};

class HeldCalls {
 public:
  using Look = std::function<Outcome(const std::shared_ptr<StoppedCall>&, Patience&)>;

  HeldCalls(boost::asio::io_context& context, Look look);

  // Looks at the call for the first time.
  void take(std::shared_ptr<StoppedCall> call);
  // Terminal `number` has changed: looks again in the next round of the event loop.
  void changed(int number);
  // At once: the end of all terminals.
  void look_at_all();

  [[nodiscard]] std::size_t count() const { return held_.size(); }

 private:
  static constexpr std::size_t kMost = 4096;
  static constexpr std::chrono::milliseconds kSecondLook{50};

  struct Held {
    std::shared_ptr<StoppedCall> call;
    Patience patience;
    int number;
    Outcome::Awaits awaits;
    std::optional<std::chrono::steady_clock::time_point> second_look;

    [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> wakes() const;
  };
  void look_at_changed();
  void look_at(const std::function<bool(const Held&)>& which);
  void wait_for_timers();
  void drop_the_gone();

  Look look_;
  std::list<Held> held_;
  std::size_t drop_at_ = 64;  // the gone are dropped when there are so many
  std::set<int> changed_;
  boost::asio::io_context& context_;
  Later later_;
  std::unique_ptr<Timer> timer_;  // most terminals never need one
};

}  // namespace farpty::device
