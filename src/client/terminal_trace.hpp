// TerminalTrace: what the far end has switched on in the user's terminal and not switched off again, and how to undo it.
//
// A connection may end inside vim: alternate screen, mouse reports, bracketed paste and a hidden cursor would stay behind.
// It reads the output that passes and changes none of it. Pure.
#pragma once

#include <set>
#include <string>

#include "base/bytes.hpp"

namespace farpty::client {

class TerminalTrace {
 public:
  // Output for the user's terminal, in order. True if undo() or resized() may have changed.
  bool see(Bytes output);

  // Escape sequences that bring the terminal back to its usual modes; empty if nothing is to be undone.
  [[nodiscard]] std::string undo() const;

  // Nothing has begun and not ended: no sequence, string or character. Bytes of our own can stand here and do no harm.
  [[nodiscard]] bool is_between() const { return state_ == State::kGround && missing_ == 0; }

  // The far end asked for another window size (XTWINOPS 4 or 8, or DECCOLM).
  [[nodiscard]] bool resized() const { return resized_; }

 private:
  enum class State { kGround, kEscape, kIntermediate, kControlSequence, kString, kCommand };  // kCommand: OSC
  void escaped(char c, bool& changed);
  void follow_character(std::string_view text);
  bool sequence_ended(char final_byte);
  bool set_private_modes(bool on);

  State state_ = State::kGround;
  std::string parameters_;
  std::size_t missing_ = 0;   // bytes of the UTF-8 character that was begun last
  std::set<unsigned> modes_;  // DEC private modes that are on; for ?7 and ?25, off
  bool keypad_ = false;       // DECKPAM
  bool resized_ = false;
};

}  // namespace farpty::client
