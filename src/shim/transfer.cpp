// read(2) and write(2) of a terminal: n_tty.c: n_tty_read and n_tty_write as far as they are not the device's business.
//
// The device has edited lines, echoed and translated; what lies in the socket is what a read returns. Left to do here: the
// end of file, which a stream cannot carry (one byte and a flag in the slot), VMIN and VTIME, and job control.
#include "shim/libc.hpp"
#include "shim/terminal.hpp"
#include "ttycall/tty_ioctl.hpp"

namespace farpty::shim {

namespace {

namespace error = ttycall::error;

constexpr std::uint8_t kEndOfFileMark = 4;

using ReceiveFrom = long (*)(int, void*, std::size_t, int, void*, void*);

// Waits for bytes; a cancellation point where there is another thread that could cancel.
long receive_waiting(int fd, void* to, std::size_t size, int flags) {
  if (may_be_cancelled() && (flags & kDontWait) == 0) {
    static ReceiveFrom next;
    if (next == nullptr) next = reinterpret_cast<ReceiveFrom>(find_next("recvfrom"));
    if (next != nullptr) {
      // With no address there is no size of one: the kernel does not look at it, the filter does (syscall.hpp).
      const long count = next(fd, to, size, flags, nullptr, reinterpret_cast<void*>(kPasses));
      clear_sixth();
      return count < 0 ? -*__errno_location() : count;
    }
  }
  return receive(fd, to, size, flags);
}

// The errors of a socket in words of a terminal: whoever served it is gone.
long as_terminal(long result) {
  constexpr long kReset = -104, kPipe = -32;
  return result == kReset || result == kPipe ? -error::kIo : result;
}

// One record, or the rest of one. The mark is looked at before it is taken, while the device cannot have gone on.
long read_line(Terminal& terminal, std::uint8_t* to, std::size_t size, int flags) {
  for (;;) {
    std::uint8_t first[2];
    const long seen = receive_waiting(terminal.fd, first, sizeof first, kPeek | flags);
    if (seen <= 0) return seen;
    const bool marked =
        seen == 1 && first[0] == kEndOfFileMark &&
        (__atomic_load_n(&terminal.shared->attention, __ATOMIC_ACQUIRE) & ttycall::attention::kEndOfFile) != 0;
    const long count = receive(terminal.fd, to, size, kDontWait);
    if (count == -error::kAgain && (flags & kDontWait) == 0) continue;  // another reader was faster
    return marked && count == 1 && to[0] == kEndOfFileMark ? 0 : count;
  }
}

// n_tty.c: n_tty_read with VMIN and VTIME; a buffer of 64 bytes satisfies a VMIN above that (tty_io.c: iterate_tty_read).
long read_timed(Terminal& terminal, std::uint8_t* to, std::size_t size) {
  const std::uint8_t minimum = terminal.slot.termios.cc[tty::kVmin];
  const int pause = terminal.slot.termios.cc[tty::kVtime] * 100;
  if (minimum == 0) {
    if (pause > 0) {
      const long ready = poll_readable(terminal.fd, pause);
      if (ready < 0) return ready;
    }
    const long count = receive(terminal.fd, to, size, kDontWait);
    return count == -error::kAgain ? 0 : count;
  }
  std::size_t enough = minimum < 64 ? minimum : 64;
  if (enough > size) enough = size;
  std::size_t done = 0;
  while (done < enough) {
    if (done > 0 && pause > 0 && poll_readable(terminal.fd, pause) == 0) break;
    const long count = receive_waiting(terminal.fd, to + done, size - done, 0);
    if (count <= 0) {
      if (done == 0) return count;
      break;
    }
    done += static_cast<std::size_t>(count);
  }
  return static_cast<long>(done);
}

}  // namespace

long read_terminal(Terminal& terminal, void* to, std::size_t size) {
  if (size == 0) return 0;
  auto* const bytes = static_cast<std::uint8_t*>(to);
  const int flags = nonblocking(terminal.fd) ? kDontWait : 0;
  if (!terminal.is_slave()) {
    const long count = receive_waiting(terminal.fd, bytes, size, flags);
    return count == 0 ? -error::kIo : as_terminal(count);  // the last slave is closed (n_tty.c: n_tty_wait_for_input)
  }
  if (terminal.has(ttycall::attention::kHungUp)) return 0;
  if (const long stopped = check_background(terminal, kSigttin); stopped < 0) return stopped;
  const bool lines =
      terminal.slot.termios.local(tty::lflag::kIcanon) && !terminal.slot.termios.local(tty::lflag::kExtproc);
  if (lines) return as_terminal(read_line(terminal, bytes, size, flags));
  if (terminal.has(ttycall::attention::kTimedRead) && flags == 0) return as_terminal(read_timed(terminal, bytes, size));
  const long count = receive_waiting(terminal.fd, bytes, size, flags);
  if (count == 1 && bytes[0] == kEndOfFileMark) {
    // Lines are read since this read began to wait.
    const auto now = __atomic_load_n(&terminal.shared->attention, __ATOMIC_ACQUIRE);
    if ((now & ttycall::attention::kEndOfFile) != 0) return 0;
  }
  return as_terminal(count);
}

long write_terminal(Terminal& terminal, const void* from, std::size_t size) {
  if (terminal.is_slave()) {
    if (terminal.has(ttycall::attention::kHungUp)) return -error::kIo;
    if (terminal.has(ttycall::attention::kStopWriters)) {
      if (const long stopped = check_background(terminal, kSigttou); stopped < 0) return stopped;
    }
  }
  return as_terminal(send(terminal.fd, from, size, kNoSignal | (nonblocking(terminal.fd) ? kDontWait : 0)));
}

}  // namespace farpty::shim
