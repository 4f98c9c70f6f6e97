// The lowest functions of musl's stdio, by our read and write. See stdio.hpp.
#include "shim/archive/stdio.hpp"

#include "shim/libc.hpp"
#include "shim/syscall.hpp"
#include "ttycall/ioctls.hpp"

using farpty::shim::Iovec;
using farpty::shim::Stream;
namespace stream = farpty::shim::stream;

extern "C" {
int ioctl(int, unsigned long, void*);
long readv(int, const Iovec*, int);
long writev(int, const Iovec*, int);
}

bool farpty::shim::is_screen(int fd) {
  struct {
    std::uint16_t rows, columns, width, height;
  } size;
  return ioctl(fd, ttycall::io::kTiocgwinsz, &size) == 0;
}

// Fills `to`, and the buffer with what comes at the same time. A buffered stream keeps the last byte of `to` back for that.
FARPTY_HOOK std::size_t __stdio_read(Stream* file, std::uint8_t* to, std::size_t size) {
  const std::size_t direct = size - (file->buffer_size != 0 ? 1 : 0);
  const Iovec both[] = {{to, direct}, {file->buffer, file->buffer_size}};
  const bool straight = direct == 0;
  const long count = readv(file->fd, straight ? both + 1 : both, straight ? 1 : 2);
  if (count <= 0) {
    file->flags |= count < 0 ? stream::kError : stream::kEnd;
    return 0;
  }
  const auto done = static_cast<std::size_t>(count);
  if (done <= direct) return done;
  file->read_at = file->buffer;
  file->read_end = file->buffer + (done - direct);
  to[size - 1] = *file->read_at++;
  return size;
}

// Writes the buffer, and then `from`; returns how much of `from`.
FARPTY_HOOK std::size_t __stdio_write(Stream* file, const std::uint8_t* from, std::size_t size) {
  const auto buffered = static_cast<std::size_t>(file->write_at - file->write_begin);
  const std::size_t all = buffered + size;
  std::size_t done = 0;
  while (done < all) {
    const std::size_t of_buffer = done < buffered ? done : buffered, of_rest = done - of_buffer;
    const Iovec both[] = {{file->write_begin + of_buffer, buffered - of_buffer},
                          {const_cast<std::uint8_t*>(from) + of_rest, size - of_rest}};
    const bool rest_only = of_buffer == buffered;
    const long count = writev(file->fd, rest_only ? both + 1 : both, rest_only ? 1 : 2);
    if (count < 0) {
      file->write_at = file->write_begin = file->write_end = nullptr;
      file->flags |= stream::kError;
      return of_rest;
    }
    done += static_cast<std::size_t>(count);
  }
  file->write_end = file->buffer + file->buffer_size;
  file->write_at = file->write_begin = file->buffer;
  return size;
}

// The first write to standard output, which finds out what that is.
FARPTY_HOOK std::size_t __stdout_write(Stream* file, const std::uint8_t* from, std::size_t size) {
  file->write = __stdio_write;
  const int before = *__errno_location();
  if ((file->flags & stream::kBufferedByUser) == 0 && !farpty::shim::is_screen(file->fd)) file->line_end = -1;
  *__errno_location() = before;
  return __stdio_write(file, from, size);
}
