// The echo of what is typed, kept in a queue until the master's port has room for it.
//
// Echo is queued because output can be stopped or full; what an echo does to the cursor depends on the column at the moment
// when it goes out, so some entries are operations instead of characters (n_tty.c: __process_echoes).
// Deliberately the kernel's encoding to the byte: how much a queue of 4096 bytes holds, when it is drained (every 256
// bytes) and what is lost when it overflows can be seen from outside.
// Not here: which characters are echoed (input.cpp, canonical.cpp).
#pragma once

#include <cstddef>
#include <cstdint>

#include "tty/output.hpp"
#include "tty/termios.hpp"

namespace farpty::tty {

class Echo {
 public:
  explicit Echo(Output& output) : output_(output) {}

  void as_is(std::uint8_t c);                             // n_tty.c: echo_char_raw
  void visibly(std::uint8_t c, const Termios& settings);  // ^C for a control character under ECHOCTL; echo_char
  void line_start();                                      // from here the user's line counts; echo_set_canon_col
  void one_column_back();                                 // echo_move_back_col
  // A tab before which `cells` columns of text stand, counted from the tab before it or from the line's start
  // (echo_erase_tab).
  enum class Since : std::uint8_t { kLineStart, kTab };
  void erased_tab(unsigned cells, Since since);

  // Ends a group of entries that belong together; drains the queue when another 256 bytes have come (commit_echoes).
  void commit(const Termios& settings);
  // Drains what was committed: room has come, or other output follows (process_echoes).
  void resume(const Termios& settings);
  // Drains everything at the end of a piece of input (flush_echoes).
  void flush(const Termios& settings);
  void clear() { head_ = drained_ = committed_ = marked_ = 0; }

 private:
  static constexpr std::size_t kSize = 4096;                           // N_TTY_BUF_SIZE
  static constexpr std::size_t kBlock = 256;                           // ECHO_BLOCK, ECHO_COMMIT_WATERMARK
  static constexpr std::size_t kDiscardAbove = kSize - (kBlock + 32);  // ECHO_DISCARD_WATERMARK
  // An operation is kEscape and one of these; kEscape twice is the character itself; kEscape and anything else is that
  // control character shown with a caret.
  static constexpr std::uint8_t kEscape = 0xff, kColumnBack = 0x80, kLineStart = 0x81, kErasedTab = 0x82;

  void add(std::uint8_t byte) {
    ring_[head_++ % kSize] = byte;
    if (written_ < head_) written_ = head_;
  }
  // Crossed marks (docs/line-discipline.md) lead to places that were never written: zero, as the kernel's (n_tty.c: n_tty_open, vzalloc).
  [[nodiscard]] std::uint8_t at(std::uint64_t place) const {
    return place % kSize < written_ ? ring_[place % kSize] : std::uint8_t{0};
  }
  [[nodiscard]] bool ends_at(std::uint64_t place) const { return committed_ % kSize == place % kSize; }

  enum class Step : std::uint8_t { kDone, kNoRoom, kIncomplete };
  void drain(const Termios& settings);
  Step drain_operation(std::size_t& room);
  Step drain_character(std::uint8_t c, const Termios& settings, std::size_t& room);
  Step drain_erased_tab(std::size_t& room);
  void discard_oldest();

  Output& output_;
  std::uint64_t head_ = 0;       // entries are added here
  std::uint64_t committed_ = 0;  // entries before this may go out
  std::uint64_t marked_ = 0;     // end of the last complete group
  std::uint64_t drained_ = 0;    // entries before this are gone
  std::uint64_t written_ = 0;    // the highest head_ there was: a start of the ring, or all of it
  std::uint8_t ring_[kSize];     // not cleared: memory that most terminals never touch; read by at() alone
};

}  // namespace farpty::tty
