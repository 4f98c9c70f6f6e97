// read, write and the flags of a descriptor. Whatever is no terminal of ours goes to the kernel as it came.
//
// Calls that wait stay cancellation points (libc.hpp).
#include "shim/libc.hpp"
#include "shim/terminal.hpp"
#include "ttycall/tty_ioctl.hpp"

namespace {

using namespace farpty::shim;
namespace error = farpty::ttycall::error;

constexpr int kMostParts = 1024;  // UIO_MAXIOV of <linux/uio.h>

long read_through(int fd, const Iovec* parts, int count) {
  return cancellable([&] { return call(__NR_readv, fd, address(parts), count); });
}
long write_through(int fd, const Iovec* parts, int count) {
  return cancellable([&] { return call(__NR_writev, fd, address(parts), count); });
}

long any_read(int fd, void* to, std::size_t size) {
  Terminal terminal;
  if (!is_plain(fd) && terminal.find(fd)) return read_terminal(terminal, to, size);
  return cancellable([&] { return call(__NR_read, fd, address(to), static_cast<long>(size)); });
}

long any_write(int fd, const void* from, std::size_t size) {
  if (size == 0 || !writers_may_pass()) {
    Terminal terminal;
    if (terminal.find(fd)) return write_terminal(terminal, from, size);
  }
  return cancellable([&] { return call(__NR_write, fd, address(from), static_cast<long>(size)); });
}

// A duplicate is as nonblocking as what it was made from. `copy`: a result of a system call.
int duplicated(int fd, long copy) {
  if (copy >= 0) {
    note_new(static_cast<int>(copy));
    set_nonblocking(static_cast<int>(copy), nonblocking(fd));
  }
  return finish(copy);
}

}  // namespace

FARPTY_HOOK long read(int fd, void* to, std::size_t size) { return finish<long>(any_read(fd, to, size)); }
FARPTY_HOOK long __read_chk(int fd, void* to, std::size_t size, std::size_t room) {
  if (size > room) __builtin_trap();
  return read(fd, to, size);
}
FARPTY_HOOK long write(int fd, const void* from, std::size_t size) { return finish<long>(any_write(fd, from, size)); }

// One read, laid out over the parts (read_write.c: do_iter_readv_writev). A line is never longer than this room; of raw bytes
// less than was asked for is an answer.
FARPTY_HOOK long readv(int fd, const Iovec* parts, int count) {
  Terminal terminal;
  if (count <= 0 || count > kMostParts || is_plain(fd) || !terminal.find(fd))
    return finish<long>(read_through(fd, parts, count));
  std::uint8_t bytes[4096];
  std::size_t wanted = 0;
  for (int i = 0; i < count && wanted < sizeof bytes; ++i) wanted += parts[i].size;
  const long size = read_terminal(terminal, bytes, wanted < sizeof bytes ? wanted : sizeof bytes);
  if (size <= 0) return finish<long>(size);
  const std::uint8_t* from = bytes;
  std::size_t left = static_cast<std::size_t>(size);
  for (int i = 0; left > 0; ++i) {
    const std::size_t piece = parts[i].size < left ? parts[i].size : left;
    __builtin_memcpy(parts[i].base, from, piece);
    from += piece;
    left -= piece;
  }
  return size;
}

FARPTY_HOOK long writev(int fd, const Iovec* parts, int count) {
  if (writers_may_pass()) return finish<long>(write_through(fd, parts, count));
  Terminal terminal;
  if (count <= 0 || !terminal.find(fd)) return finish<long>(write_through(fd, parts, count));
  long sum = 0;
  for (int i = 0; i < count; ++i) {
    if (parts[i].size == 0) continue;
    const long done = write_terminal(terminal, parts[i].base, parts[i].size);
    if (done < 0) return finish<long>(sum > 0 ? sum : done);
    sum += done;
    if (static_cast<std::size_t>(done) < parts[i].size) break;
  }
  return finish<long>(sum);
}

FARPTY_HOOK int dup(int fd) { return duplicated(fd, call(__NR_dup, fd)); }
FARPTY_HOOK int dup3(int fd, int to, int flags) { return duplicated(fd, call(__NR_dup3, fd, to, flags)); }
FARPTY_HOOK int dup2(int fd, int to) {
  if (fd != to) return dup3(fd, to, 0);
  const long there = call(__NR_fcntl, fd, kGetDescriptorFlags);
  return finish(there < 0 ? there : to);
}

FARPTY_HOOK int fcntl(int fd, int command, long argument) {
  if (command == kDupfd || command == kDupfdCloexec) return duplicated(fd, call(__NR_fcntl, fd, command, argument));
  if (command != kGetFlags && command != kSetFlags && command != kGetSignal)
    return finish(call(__NR_fcntl, fd, command, argument));
  Terminal terminal;
  if (is_plain(fd) || !terminal.find(fd)) return finish(call(__NR_fcntl, fd, command, argument));
  if (command == kGetSignal) return 0;
  if (command == kGetFlags) return kReadWrite | (nonblocking(fd) ? kNonblock : 0);
  set_nonblocking(fd, (argument & kNonblock) != 0);
  return 0;
}
FARPTY_HOOK int fcntl64(int fd, int command, long argument) { return fcntl(fd, command, argument); }
