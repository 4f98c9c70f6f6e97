// poll(2) of a master: what a socket cannot say of itself. POLLHUP while no program has the slave open, which a socket that
// is to be used again may not say; POLLPRI where a status byte of packet mode waits (n_tty.c: n_tty_poll).
//
// Only in programs that made a pair; all others go straight through. Not select(2) and epoll(7): there the mark in the
// socket makes a master readable, and the read fails or returns the status.
#include "shim/libc.hpp"
#include "shim/terminal.hpp"
#include "ttycall/ioctls.hpp"

namespace {

using namespace farpty::shim;
namespace attention = farpty::ttycall::attention;

constexpr short kPriority = 2, kHungUp = 0x10, kReadNormal = 0x40;  // POLLPRI, POLLHUP, POLLRDNORM

long poll_call(Pollfd* fds, unsigned long count, const Timespec* limit, const void* mask) {
  Timespec left = limit != nullptr ? *limit : Timespec{};  // the system call writes what is left
  return cancellable([&] {
    return call(__NR_ppoll, address(fds), static_cast<long>(count), limit != nullptr ? address(&left) : 0,
                address(mask), 8);
  });
}

// Corrects what the socket of a master said. Whether poll has to go on waiting if this was all: the mark meant nothing.
bool correct(Pollfd& one, const Terminal& master) {
  int waiting = 0;
  ioctl_call(one.fd, farpty::ttycall::io::kFionread, address(&waiting));
  const bool marked = master.has(attention::kMark) && waiting <= 1;
  const bool closed = master.has(attention::kClosed);
  const bool status = master.has(attention::kPacket) && master.slot.packet_status != 0;
  if (closed) one.revents = static_cast<short>(one.revents | kHungUp);
  if (status) one.revents = static_cast<short>(one.revents | (one.events & (kPriority | kPollIn | kReadNormal)));
  if (!marked || status) return false;
  one.revents = static_cast<short>(one.revents & ~(kPollIn | kReadNormal));
  if (!closed) drop_mark(master);
  return !closed;
}

// Whoever will not wait is not told "nothing to read" before what was written has come through. Whether anything was asked.
bool catch_up_silent(Pollfd* fds, unsigned long count) {
  bool asked = false;
  Terminal terminal;
  for (unsigned long i = 0; i < count; ++i) {
    if (fds[i].fd < 0 || (fds[i].events & kPollIn) == 0 || (fds[i].revents & kPollIn) != 0) continue;
    if (!terminal.find(fds[i].fd) || terminal.slot.master == 0) continue;
    catch_up(terminal);
    asked = true;
  }
  return asked;
}

long poll_masters(Pollfd* fds, unsigned long count, const Timespec* limit, const void* mask) {
  constexpr Timespec kNow{0, 0};
  for (;;) {
    bool hung_up = false;
    Terminal terminal;
    for (unsigned long i = 0; i < count; ++i)
      if (fds[i].fd >= 0 && terminal.find(fds[i].fd) && !terminal.is_slave())
        hung_up = hung_up || terminal.has(attention::kClosed);
    long ready = poll_call(fds, count, hung_up ? &kNow : limit, mask);
    if (ready < 0) return ready;
    if (limit != nullptr && limit->seconds == 0 && limit->nanoseconds == 0 && catch_up_silent(fds, count))
      ready = poll_call(fds, count, limit, mask);
    if (ready < 0) return ready;
    long found = 0;
    bool again = false;
    for (unsigned long i = 0; i < count; ++i) {
      if (fds[i].fd >= 0 && (fds[i].revents != 0 || hung_up) && terminal.find(fds[i].fd) && !terminal.is_slave())
        again = correct(fds[i], terminal) || again;
      if (fds[i].revents != 0) ++found;
    }
    if (found > 0 || !again) return found;
  }
}

long any_poll(Pollfd* fds, unsigned long count, const Timespec* limit, const void* mask) {
  return has_masters() ? poll_masters(fds, count, limit, mask) : poll_call(fds, count, limit, mask);
}

}  // namespace

FARPTY_HOOK int poll(Pollfd* fds, unsigned long count, int milliseconds) {
  const Timespec limit{milliseconds / 1000, milliseconds % 1000 * 1000000L};
  return finish(any_poll(fds, count, milliseconds < 0 ? nullptr : &limit, nullptr));
}
FARPTY_HOOK int ppoll(Pollfd* fds, unsigned long count, const Timespec* limit, const void* mask) {
  return finish(any_poll(fds, count, limit, mask));
}
FARPTY_HOOK int __poll_chk(Pollfd* fds, unsigned long count, int milliseconds, std::size_t room) {
  if (room / sizeof *fds < count) __builtin_trap();
  return poll(fds, count, milliseconds);
}
