// Liveness: how long the other end has been silent, and what is to be done about it: ask it, dial again, tell the user.
//
// It has no clock (each call says what time it is) and dials nothing. Pure.
#pragma once

#include <chrono>
#include <optional>

namespace farpty::client {

class Liveness {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  enum class Line { kUp, kDown };
  enum class Input { kAnswered, kUnanswered };  // whether all that was typed is acknowledged

  struct Advice {
    bool ask = false;                // send a ping
    bool dial = false;               // start another attempt
    std::optional<Duration> silent;  // tell the user that nothing was heard for so long
  };

  explicit Liveness(Time now) : heard_(now), typed_(now) {}

  void heard(Time now) { heard_ = now; }
  void typed(Time now) { typed_ = now; }
  // The line is a fresh one: nothing was asked on it.
  void connected(Time now) { heard_ = asked_ = now; }

  // This machine's network is another than before: the line is asked at once, and has less time to answer.
  void network_changed(Time now) { changed_ = now; }

  // What to do now; asked once a second, and when the network has changed. `ask` and `dial` count as done.
  [[nodiscard]] Advice look(Time now, Line line, Input input);
  // The line broke this moment: whether to dial at once.
  [[nodiscard]] bool dial_at_once(Time now);

 private:
  Time heard_, typed_;
  Time asked_{}, dialled_{}, changed_{};
};

}  // namespace farpty::client
