// One block of the kernel's queue between the ends of a pty: when a write goes on in it, and when it begins a new one
// (tty_buffer.c: __tty_buffer_request_room, __tty_insert_flip_string_flags).
//
// What lies in one block is worked on as one piece, at whose end all echo goes out (n_tty.c: flush_echoes); so the blocks can be seen in
// the echo of a long paste with a stop key in it. A block that was emptied goes on where it ended.
#pragma once

#include <cstddef>

namespace farpty::tty {

struct FlipBlock {
  static constexpr std::size_t kGrain = 256;  // MIN_TTYB_SIZE: blocks are multiples of this
  static constexpr std::size_t kLargest =
      1792;  // TTY_BUFFER_PAGE with pages of 4096 bytes: most that is asked room for at once
  static constexpr std::size_t kLargestWrite = 2048;  // tty_io.c: iterate_tty_write hands over so many at a time

  std::size_t size = 0;  // what it counts against the queue's limit; it holds twice as many, none of them needs a flag
  std::size_t filled = 0;  // bytes ever put in

  [[nodiscard]] std::size_t left() const { return 2 * size - filled; }
  [[nodiscard]] static std::size_t size_for(std::size_t bytes) { return (bytes + kGrain - 1) / kGrain * kGrain; }
};

}  // namespace farpty::tty
