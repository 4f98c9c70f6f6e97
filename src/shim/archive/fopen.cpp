// fopen(3) and fdopen(3): streams on terminals. A part of its own: only programs that open streams take it, and musl's with it.
#include "shim/archive/stdio.hpp"
#include "shim/libc.hpp"
#include "shim/syscall.hpp"
#include "ttycall/tty_ioctl.hpp"

using farpty::shim::Stream;
namespace stream = farpty::shim::stream;

extern "C" {
int open(const char*, int, unsigned);
// musl's own
__attribute__((visibility("hidden"))) int __fmodeflags(const char* mode);
__attribute__((visibility("hidden"))) Stream* __fdopen(int fd, const char* mode);
}

FARPTY_HOOK Stream* fdopen(int fd, const char* mode) {
  Stream* const made = __fdopen(fd, mode);
  const int before = *__errno_location();
  if (made != nullptr && (made->flags & stream::kUnwritable) == 0 && farpty::shim::is_screen(fd)) made->line_end = '\n';
  *__errno_location() = before;
  return made;
}

FARPTY_HOOK Stream* fopen(const char* path, const char* mode) {
  if (*mode != 'r' && *mode != 'w' && *mode != 'a') {
    farpty::shim::finish(-farpty::ttycall::error::kInval);
    return nullptr;
  }
  constexpr unsigned kAnyone = 0666;
  const int fd = open(path, __fmodeflags(mode), kAnyone);
  if (fd < 0) return nullptr;
  Stream* const made = fdopen(fd, mode);
  if (made == nullptr) farpty::shim::close(fd);
  return made;
}
FARPTY_HOOK Stream* fopen64(const char* path, const char* mode) { return fopen(path, mode); }
