// Output processing (OPOST) and the column in which the cursor stands, as far as a terminal driver can know it.
//
// The column decides about tabs, ONOCR and how many cells an erased tab took; it is kept exactly as the kernel keeps it, also
// where that is not what a screen shows (a wide character counts one, an escape sequence counts its letters).
// Invariant: no call puts more into the port than room() allowed, so that nothing is lost between two of them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tty/flow.hpp"
#include "tty/master_port.hpp"
#include "tty/termios.hpp"

namespace farpty::tty {

class Output {
 public:
  Output(MasterPort& port, const Flow& flow) : port_(port), flow_(flow) {}

  // pty.c: pty_write_room
  [[nodiscard]] std::size_t room() const { return flow_.stopped() ? 0 : port_.room(); }

  // Bytes as they are; returns how many were taken (pty.c: pty_write). The column does not move.
  std::size_t put(const std::uint8_t* bytes, std::size_t size) {
    return flow_.stopped() || size == 0 ? 0 : port_.write(bytes, size);
  }
  void put(std::uint8_t c) { put(&c, 1); }

  // One character with OPOST on: the bytes of `room` that it used, or kNoRoom and nothing written
  // (n_tty.c: do_output_char).
  static constexpr int kNoRoom = -1;
  int put_processed(std::uint8_t c, const Termios& settings, std::size_t room);

  // The longest start of the text that passes unchanged, written in one piece; returns its length, 0 where the first
  // character needs put_processed or the port is full (n_tty.c: process_output_block).
  std::size_t put_unchanged(const std::uint8_t* bytes, std::size_t size, const Termios& settings);

  void discard() { port_.discard(); }

  void advance(unsigned cells) { column_ += cells; }
  void step_back() {
    if (column_ > 0) --column_;
  }
  // The column in which the user's line began; what stands left of it is a prompt.
  void mark_line_start() { line_start_ = column_; }
  [[nodiscard]] unsigned line_start() const { return line_start_; }
  [[nodiscard]] unsigned column() const { return column_; }

 private:
  int put_newline(const Termios& settings, std::size_t room);
  int put_return(const Termios& settings);
  int put_tab(const Termios& settings, std::size_t room);
  void to_column_zero() { column_ = line_start_ = 0; }

  MasterPort& port_;
  const Flow& flow_;
  unsigned column_ = 0;
  unsigned line_start_ = 0;
};

}  // namespace farpty::tty
