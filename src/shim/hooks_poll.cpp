// poll(2): what a socket cannot say of itself. Of a master: POLLHUP while no program has the slave open, which a socket that
// is to be used again may not say; POLLPRI where a status byte of packet mode waits (n_tty.c: n_tty_poll). Of a slave: no
// POLLOUT while its output is stopped (tty_io.c: tty_chars_in_buffer; pty.c: pty_write_room), or who may not wait would write
// in vain again and again.
//
// Only in programs that made a pair, and while some output is stopped; all others go straight through. Not select(2) and
// epoll(7): there the mark in the socket makes a master readable, and the read fails or returns the status. While output is
// stopped the device makes most sockets say so themselves (device/write_stop.hpp): all but those of which it has no end, and gVisor's.
#include "shim/device.hpp"
#include "shim/libc.hpp"
#include "shim/terminal.hpp"
#include "ttycall/ioctls.hpp"

namespace {

using namespace farpty::shim;
namespace attention = farpty::ttycall::attention;

constexpr short kPriority = 2, kHungUp = 0x10, kReadNormal = 0x40;  // POLLPRI, POLLHUP, POLLRDNORM
constexpr short kAnyWrite = 4 | 0x100 | 0x200;                      // POLLOUT, POLLWRNORM, POLLWRBAND

// `left`: what is left of the time afterwards; null: no limit.
long poll_call(Pollfd* fds, unsigned long count, Timespec* left, const void* mask) {
  return cancellable(
      [&] { return call(__NR_ppoll, address(fds), static_cast<long>(count), address(left), address(mask), 8); });
}

bool is_over(const Timespec* left) { return left != nullptr && left->seconds == 0 && left->nanoseconds == 0; }

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

long poll_masters(Pollfd* fds, unsigned long count, Timespec* left, const void* mask) {
  Timespec now{0, 0};
  const bool will_not_wait = is_over(left);
  for (;;) {
    bool hung_up = false;
    Terminal terminal;
    for (unsigned long i = 0; i < count; ++i)
      if (fds[i].fd >= 0 && terminal.find(fds[i].fd) && !terminal.is_slave())
        hung_up = hung_up || terminal.has(attention::kClosed);
    long ready = poll_call(fds, count, hung_up ? &now : left, mask);
    if (ready < 0) return ready;
    if (will_not_wait && catch_up_silent(fds, count)) ready = poll_call(fds, count, left, mask);
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

long poll_started(Pollfd* fds, unsigned long count, Timespec* left, const void* mask) {
  return has_masters() ? poll_masters(fds, count, left, mask) : poll_call(fds, count, left, mask);
}

bool is_stopped(const Pollfd& one, Terminal& terminal) {
  return one.fd >= 0 && (one.events & kAnyWrite) != 0 && terminal.find(one.fd) && terminal.is_slave() &&
         terminal.has(attention::kStopped) && !terminal.has(attention::kHungUp);
}

// A connection that can be read when the output goes on; or a negative errno.
long await_start(const Terminal& terminal) {
  farpty::ttycall::Request request{};
  request.operation = farpty::ttycall::Operation::kAwaitOutput;
  request.number = terminal.slot.number;
  return ask_without_waiting(request);
}

// Once, of a copy in which stopped terminals are not asked whether they can be written, and the start of one is waited for in
// their place. Whether it has come to an end: `ready` is the result.
constexpr unsigned long kMostStopped = 64;  // of more descriptors at once the sockets' word is taken
bool poll_once_stopped(Pollfd* fds, unsigned long count, Timespec* left, const void* mask, long& ready) {
  Pollfd asked[kMostStopped + 1];
  Terminal terminal;
  long start = -1;
  for (unsigned long i = 0; i < count; ++i) {
    asked[i] = fds[i];
    if (!is_stopped(fds[i], terminal)) continue;
    asked[i].events = static_cast<short>(fds[i].events & ~kAnyWrite);
    if (start < 0 && !is_over(left)) start = await_start(terminal);
  }
  asked[count] = {static_cast<int>(start), kPollIn, 0};
  ready = poll_started(asked, count + 1, left, mask);
  const bool started = asked[count].revents != 0;
  if (start >= 0) close(static_cast<int>(start));
  if (ready < 0) return true;
  ready -= started ? 1 : 0;
  for (unsigned long i = 0; i < count; ++i) fds[i].revents = asked[i].revents;
  return ready > 0 || !started;
}

bool any_stopped(Pollfd* fds, unsigned long count) {
  const farpty::ttycall::Page* const all = page();
  if (all == nullptr || (__atomic_load_n(&all->header.attention, __ATOMIC_ACQUIRE) & attention::kStopped) == 0)
    return false;
  Terminal terminal;
  for (unsigned long i = 0; i < count; ++i)
    if (is_stopped(fds[i], terminal)) return true;
  return false;
}

long any_poll(Pollfd* fds, unsigned long count, Timespec* left, const void* mask) {
  long ready = 0;
  while (count <= kMostStopped && any_stopped(fds, count))
    if (poll_once_stopped(fds, count, left, mask, ready)) return ready;
  return poll_started(fds, count, left, mask);
}

}  // namespace

FARPTY_HOOK int poll(Pollfd* fds, unsigned long count, int milliseconds) {
  Timespec left{milliseconds / 1000, milliseconds % 1000 * 1000000L};
  return finish(any_poll(fds, count, milliseconds < 0 ? nullptr : &left, nullptr));
}
FARPTY_HOOK int ppoll(Pollfd* fds, unsigned long count, const Timespec* limit, const void* mask) {
  Timespec left = limit != nullptr ? *limit : Timespec{};
  return finish(any_poll(fds, count, limit != nullptr ? &left : nullptr, mask));
}
FARPTY_HOOK int __poll_chk(Pollfd* fds, unsigned long count, int milliseconds, std::size_t room) {
  if (room / sizeof *fds < count) __builtin_trap();
  return poll(fds, count, milliseconds);
}
