// The tty functions of libc: public names, and the entries that libc's own callers reach (see patch.cpp).
//
// glibc's struct termios is the kernel's with 32 control characters and the speeds behind them; musl's is the same.
#include "shim/libc.hpp"
#include "shim/terminal.hpp"
#include "ttycall/ioctls.hpp"
#include "ttycall/text.hpp"
#include "ttycall/tty_ioctl.hpp"

namespace {

using namespace farpty::shim;
using farpty::ttycall::length;
using farpty::ttycall::print;
namespace io = farpty::ttycall::io;
namespace error = farpty::ttycall::error;
using farpty::tty::Termios;

struct LibcTermios {
  std::uint32_t iflag, oflag, cflag, lflag;
  std::uint8_t line, cc[32];
  std::uint32_t ispeed, ospeed;
};
static_assert(sizeof(LibcTermios) == 60);

constexpr std::uint32_t kInputBaudZero = 0x80000000;  // glibc's own bit in c_iflag (__IBAUD0)

long any_ioctl(int fd, std::uint32_t code, void* argument) {
  Terminal terminal;
  return terminal.find(fd) ? tty_call(terminal, code, argument) : ioctl_call(fd, code, address(argument));
}

void to_libc(const Termios& from, LibcTermios& to) {
  to = {};
  to.iflag = from.iflag;
  to.oflag = from.oflag;
  to.cflag = from.cflag;
  to.lflag = from.lflag;
  to.line = from.line;
  for (std::size_t i = 0; i < farpty::tty::kNccs; ++i) to.cc[i] = from.cc[i];
  to.ispeed = to.ospeed = from.cflag & farpty::tty::cflag::kCbaud;
}

void to_kernel(const LibcTermios& from, Termios& to) {
  to = {};
  to.iflag = from.iflag & ~kInputBaudZero;
  to.oflag = from.oflag;
  to.cflag = from.cflag;
  to.lflag = from.lflag;
  to.line = from.line;
  for (std::size_t i = 0; i < farpty::tty::kNccs; ++i) to.cc[i] = from.cc[i];
}

long name_of(int fd, char* to, std::size_t size) {
  constexpr long kRange = 34;
  Terminal terminal;
  if (terminal.find(fd)) {
    if (terminal.has(farpty::ttycall::attention::kHungUp) && terminal.is_slave()) return -error::kIo;
    char name[32];
    if (terminal.is_slave())
      print(print(name, "/dev/pts/"), terminal.slot.number);
    else
      print(name, "/dev/ptmx");
    if (length(name) >= size) return -kRange;
    print(to, name);
    return 0;
  }
  Termios settings;
  const long result = ioctl_call(fd, io::kTcgets, address(&settings));
  if (result < 0) return result == -error::kBadf ? result : -error::kNotty;
  char link[32];
  print(print(link, "/proc/self/fd/"), fd);
  const long count = call(__NR_readlinkat, kAtCwd, address(link), address(to), static_cast<long>(size));
  if (count < 0) return count;
  if (static_cast<std::size_t>(count) >= size) return -kRange;
  to[count] = 0;
  return to[0] == '/' ? 0 : -error::kNodev;
}

}  // namespace

FARPTY_HOOK int ioctl(int fd, unsigned long code, void* argument) {
  return finish(any_ioctl(fd, static_cast<std::uint32_t>(code), argument));
}

FARPTY_HOOK int tcgetattr(int fd, LibcTermios* to) {
  Termios settings{};
  const long result = any_ioctl(fd, io::kTcgets, &settings);
  if (result >= 0) to_libc(settings, *to);
  return finish(result);
}

FARPTY_HOOK int tcsetattr(int fd, int when, const LibcTermios* from) {
  if (when < 0 || when > 2) return finish(-error::kInval);
  Termios settings;
  to_kernel(*from, settings);
  return finish(any_ioctl(fd, io::kTcsets + static_cast<std::uint32_t>(when), &settings));
}

FARPTY_HOOK int isatty(int fd) {
  Termios settings;
  const long result = any_ioctl(fd, io::kTcgets, &settings);
  finish(result);
  return result >= 0 ? 1 : 0;
}

FARPTY_HOOK int tcdrain(int fd) { return finish(any_ioctl(fd, io::kTcsbrk, reinterpret_cast<void*>(1))); }
FARPTY_HOOK int tcsendbreak(int fd, int duration) {
  if (duration <= 0) return finish(any_ioctl(fd, io::kTcsbrk, nullptr));
  return finish(any_ioctl(fd, io::kTcsbrkp, reinterpret_cast<void*>((duration + 99L) / 100)));
}
FARPTY_HOOK int tcflush(int fd, int queue) {
  return finish(any_ioctl(fd, io::kTcflsh, reinterpret_cast<void*>(static_cast<long>(queue))));
}
FARPTY_HOOK int tcflow(int fd, int action) {
  return finish(any_ioctl(fd, io::kTcxonc, reinterpret_cast<void*>(static_cast<long>(action))));
}

FARPTY_HOOK int tcgetpgrp(int fd) {
  int group = 0;
  const long result = any_ioctl(fd, io::kTiocgpgrp, &group);
  return finish(result < 0 ? result : group);
}
FARPTY_HOOK int tcsetpgrp(int fd, int group) { return finish(any_ioctl(fd, io::kTiocspgrp, &group)); }
FARPTY_HOOK int tcgetsid(int fd) {
  int session = 0;
  const long result = any_ioctl(fd, io::kTiocgsid, &session);
  return finish(result < 0 ? result : session);
}

// The error is the result, as of every function whose name ends in _r.
FARPTY_HOOK int ttyname_r(int fd, char* to, std::size_t size) {
  const long result = name_of(fd, to, size);
  finish(result);
  return static_cast<int>(-result);
}
FARPTY_HOOK char* ttyname(int fd) {
  static char name[64];
  return finish(name_of(fd, name, sizeof name)) < 0 ? nullptr : name;
}
FARPTY_HOOK int __ttyname_r_chk(int fd, char* to, std::size_t size, std::size_t) { return ttyname_r(fd, to, size); }
