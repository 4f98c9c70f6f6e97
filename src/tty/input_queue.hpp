// What was typed and not yet read: a ring of 4096 bytes in which some bytes are known as the ends of lines.
//
// Four places move along it (n_tty.c: struct n_tty_data): bytes are read at tail; lines before `lines` are complete; raw
// bytes before `published` may be read; the next byte is put at head. An end of file (Ctrl-D) is an end of line whose byte
// is 0. Nothing stops head from running over tail by a byte or two: the caller makes room first, as in the kernel.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tty/termios.hpp"

namespace farpty::tty {

class InputQueue {
 public:
  static constexpr std::size_t kSize = 4096;  // N_TTY_BUF_SIZE: MAX_CANON and one more

  void put(std::uint8_t c) {
    ring_[head % kSize] = c;
    ++head;
  }
  void put_line_end(std::uint8_t c) {
    mark_line_end(head);
    put(c);
    lines = head;
  }
  [[nodiscard]] std::uint8_t at(std::uint64_t place) const { return ring_[place % kSize]; }
  [[nodiscard]] std::size_t size() const { return head - tail; }

  [[nodiscard]] bool line_ends_at(std::uint64_t place) const {
    return (line_ends_[place % kSize / 64] >> (place % 64) & 1) != 0;
  }
  [[nodiscard]] bool file_ends_at(std::uint64_t place) const {
    return line_ends_at(place) && at(place) == kDisabledCharacter;
  }
  void mark_line_end(std::uint64_t place) { line_ends_[place % kSize / 64] |= std::uint64_t{1} << place % 64; }
  void forget_line_end(std::uint64_t place) { line_ends_[place % kSize / 64] &= ~(std::uint64_t{1} << place % 64); }
  void forget_line_ends() { __builtin_memset(line_ends_, 0, sizeof line_ends_); }

  // Copies `count` bytes from the tail; they stay in the queue.
  void copy(std::uint8_t* to, std::size_t count) const {
    for (std::size_t i = 0; i < count; ++i) to[i] = at(tail + i);
  }
  // The other way round. Only where there is room, and before switch_line_mode(), which sets the places right.
  void put_back(const std::uint8_t* bytes, std::size_t count) {
    tail -= count;
    for (std::size_t i = 0; i < count; ++i) ring_[(tail + i) % kSize] = bytes[i];
  }
  // Overwrites what was read: it may have been a password.
  void wipe(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) ring_[(tail + i) % kSize] = 0;
  }
  [[nodiscard]] std::size_t bytes_to_ring_end() const { return kSize - tail % kSize; }

  // n_tty.c: reset_buffer_flags
  void clear() {
    head = published = lines = tail = 0;
    forget_line_ends();
  }

  std::uint64_t head = 0;
  std::uint64_t published = 0;
  std::uint64_t lines = 0;
  std::uint64_t tail = 0;

 private:
  std::uint8_t ring_[kSize];  // not cleared, as Echo's
  std::uint64_t line_ends_[kSize / 64] = {};
};

}  // namespace farpty::tty
