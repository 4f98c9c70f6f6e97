// musl's functions around pairs and window sizes, which make system calls instead of calling open(3) and ioctl(3).
#include "shim/libc.hpp"
#include "shim/syscall.hpp"
#include "ttycall/ioctls.hpp"
#include "ttycall/text.hpp"

extern "C" {
int ioctl(int, unsigned long, void*);
int open(const char*, int, unsigned);
}

namespace {

using namespace farpty::shim;
namespace io = farpty::ttycall::io;

}  // namespace

FARPTY_HOOK int tcgetwinsize(int fd, void* size) { return ioctl(fd, io::kTiocgwinsz, size); }
FARPTY_HOOK int tcsetwinsize(int fd, const void* size) { return ioctl(fd, io::kTiocswinsz, const_cast<void*>(size)); }

FARPTY_HOOK int posix_openpt(int flags) { return open("/dev/ptmx", flags, 0); }
FARPTY_HOOK int grantpt(int) { return 0; }
FARPTY_HOOK int unlockpt(int fd) {
  int locked = 0;
  return ioctl(fd, io::kTiocsptlck, &locked);
}
// The error is the result; musl: errno is as it was.
FARPTY_HOOK int __ptsname_r(int fd, char* to, std::size_t size) {
  constexpr int kRange = 34;
  const int before = *__errno_location();
  int number = 0;
  char name[32];
  const int failure = ioctl(fd, io::kTiocgptn, &number) < 0 ? *__errno_location() : 0;
  *__errno_location() = before;
  if (failure != 0) return failure;
  farpty::ttycall::print(farpty::ttycall::print(name, "/dev/pts/"), number);
  if (farpty::ttycall::length(name) >= size || to == nullptr) return kRange;
  farpty::ttycall::print(to, name);
  return 0;
}
FARPTY_HOOK int ptsname_r(int fd, char* to, std::size_t size) { return __ptsname_r(fd, to, size); }

// By this name freopen(3) moves what it has opened.
extern "C" int dup3(int, int, int);
FARPTY_HOOK int __dup3(int fd, int to, int flags) { return dup3(fd, to, flags); }
