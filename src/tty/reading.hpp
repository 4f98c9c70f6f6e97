// One read(2) of a terminal in progress, and how far it came.
//
// VMIN and VTIME are taken once, when the read begins, and tty_io.c: iterate_tty_read hands the line discipline a buffer of
// 64 bytes at a time; both can be seen from outside (a VMIN above 64 is satisfied by 64).
#pragma once

#include <cstddef>
#include <cstdint>

namespace farpty::tty {

class Reading {
 public:
  // `to` holds `size` bytes and outlives the read.
  Reading(std::uint8_t* to, std::size_t size) : to_(to), size_(size) {}

  [[nodiscard]] std::size_t size() const { return done_; }

 private:
  friend class LineDiscipline;

  static constexpr std::size_t kPiece = 64;  // tty_io.c: iterate_tty_read, kernel_buf

  [[nodiscard]] std::size_t piece_left() const { return piece_end_ - done_; }
  [[nodiscard]] std::uint8_t* next() const { return to_ + done_; }
  void begin_piece() { piece_end_ = size_ - done_ < kPiece ? size_ : done_ + kPiece; }

  std::uint8_t* to_;
  std::size_t size_;
  std::size_t done_ = 0;
  std::size_t piece_end_ = 0;
  std::size_t minimum_ = 0;      // bytes that end the read
  std::uint8_t time_ = 0;        // tenths of a second between two bytes; 0: no limit
  std::uint8_t first_time_ = 0;  // tenths of a second until the first byte, where has_first_time_
  bool has_first_time_ = false;  // VMIN is 0
  bool begun_ = false;
};

struct ReadResult {
  // done: read(2) returns `size` (0 is end of file, or VMIN 0).
  // input: it waits. With O_NONBLOCK it returns `size`, or EAGAIN where that is 0; a signal ends it likewise (EINTR).
  // timer: it waits too, but at most `deciseconds` from the last byte (or the start), and returns `size` then.
  enum class Wait : std::uint8_t { kDone, kInput, kTimer };
  Wait wait;
  std::uint8_t deciseconds;
  std::size_t size;  // bytes in the buffer so far
};

}  // namespace farpty::tty
