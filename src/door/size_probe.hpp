// SizeProbe: how the raw door learns the real size of a terminal whose protocol cannot say it.
//
// After the peer's first keystroke the terminal itself is asked: save the cursor, go to the far corner, report the position,
// restore (ECMA-48 CUP and DSR 6; DECSC/DECRC of the VT100). For ten seconds one complete report is taken out of the typed
// bytes, wherever a read may cut it. This is the one exception to "no byte added to the stream".
// A peer that is not a terminal must never notice: a first read with a newline or end-of-file in it (a script, a terminal in
// line mode) switches the probe off for good, and bytes that turn out not to be a report are passed on unchanged.
// Pure: bytes and a time in, bytes and an action out.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.hpp"
#include "tty/winsize.hpp"

namespace farpty::door {

class SizeProbe {
 public:
  using Clock = std::chrono::steady_clock;

  static constexpr std::string_view kQuestion =
      "\x1b"
      "7\x1b[9999;9999H\x1b[6n\x1b"
      "8";
  static constexpr std::chrono::seconds kWindow{10};
  // A report cut in two by the network waits this long for its rest; so long may an Escape key be late, within the window.
  static constexpr std::chrono::milliseconds kPartialWait{200};

  // What the program wrote, in order; until the question is asked, to ask it between two escape sequences and not inside one.
  void see_output(Bytes bytes);

  // Typed bytes. The result is what the program is to get, valid until the next call.
  [[nodiscard]] Bytes filter_input(Bytes bytes, Clock::time_point now);

  // Held bytes are passed on: the rest of what looked like a report did not come.
  [[nodiscard]] Bytes release();

  [[nodiscard]] bool holds_bytes() const { return !held_.empty(); }
  [[nodiscard]] bool must_ask() const { return state_ == State::kWillAsk && at_ground(); }
  void asked(Clock::time_point now);
  [[nodiscard]] bool finished() const { return state_ == State::kDone; }

  // The size that was reported, once.
  [[nodiscard]] std::optional<WindowSize> take_size() { return std::exchange(size_, std::nullopt); }

 private:
  enum class State { kFirstRead, kWillAsk, kAsked, kDone };
  enum class Output { kGround, kEscape, kControlSequence, kString, kStringEscape, kCharacter };

  [[nodiscard]] bool at_ground() const { return output_ == Output::kGround; }
  void take_report();

  State state_ = State::kFirstRead;
  Output output_ = Output::kGround;
  int character_rest_ = 0;  // bytes missing of a UTF-8 character
  Clock::time_point deadline_;
  std::string held_;    // a beginning of a report
  std::string passed_;  // what filter_input() gave back
  std::optional<WindowSize> size_;
};

}  // namespace farpty::door
