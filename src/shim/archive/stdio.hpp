// musl's FILE as far as its lowest functions go (its src/internal/stdio_impl.h; the same from musl 1.1 to 1.2.5).
//
// musl's stdio makes its system calls itself: it would see a terminal's end of file as a byte, not stop in the background, and
// take a terminal for a file. So these functions are ours, too.
#pragma once

#include <cstddef>
#include <cstdint>

namespace farpty::shim {

struct Stream {
  unsigned flags;
  std::uint8_t *read_at, *read_end;
  int (*close)(Stream*);
  std::uint8_t *write_end, *write_at;
  std::uint8_t* unused;
  std::uint8_t* write_begin;
  std::size_t (*read)(Stream*, std::uint8_t*, std::size_t);
  std::size_t (*write)(Stream*, const std::uint8_t*, std::size_t);
  long (*seek)(Stream*, long, int);
  std::uint8_t* buffer;
  std::size_t buffer_size;
  Stream *before, *next;
  int fd;
  int child;
  long locks;
  int mode;
  int lock;
  int line_end;  // after which character it is written; -1: none
};

namespace stream {
inline constexpr unsigned kUnwritable = 8, kEnd = 16, kError = 32, kBufferedByUser = 64;
}

// Whether stdio is to write a stream on it line by line.
[[nodiscard]] bool is_screen(int fd);

}  // namespace farpty::shim
