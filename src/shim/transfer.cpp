// read(2) and write(2) of a terminal: n_tty.c: n_tty_read and n_tty_write as far as they are not the device's business.
//
// The device has edited lines, echoed and translated; what lies in the socket is what a read returns. Left to do here: the
// end of file, which a stream cannot carry (one byte and a flag in the slot), VMIN and VTIME, and job control.
#include "shim/device.hpp"
#include "shim/libc.hpp"
#include "shim/terminal.hpp"
#include "ttycall/tty_ioctl.hpp"

namespace farpty::shim {

namespace {

namespace attention = ttycall::attention;
namespace error = ttycall::error;

constexpr std::uint8_t kEndOfFileMark = 4;

// Waits for bytes.
long receive_waiting(int fd, void* to, std::size_t size, int flags) {
  if ((flags & kDontWait) != 0) return receive(fd, to, size, flags);
  return cancellable([&] { return receive(fd, to, size, flags); });
}

// The errors of a socket in words of a terminal: whoever served it is gone.
long as_terminal(long result) {
  constexpr long kReset = -104, kPipe = -32;
  return result == kReset || result == kPipe ? -error::kIo : result;
}

// One record, or the rest of one. It is looked at before it is taken, while the device cannot have gone on: is it a mark, and how
// long is it? recv(2) wakes the device when the record is taken, and takes of the next one, too, if that is there at once.
long read_line(Terminal& terminal, std::uint8_t* to, std::size_t size, int flags) {
  for (;;) {
    const long seen = receive_waiting(terminal.fd, to, size, kPeek | flags);
    if (seen <= 0) return seen;
    const bool marked =
        seen == 1 && to[0] == kEndOfFileMark &&
        (__atomic_load_n(&terminal.shared->attention, __ATOMIC_ACQUIRE) & ttycall::attention::kEndOfFile) != 0;
    const long count = receive(terminal.fd, to, static_cast<std::size_t>(seen), kDontWait);
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
      const long ready = cancellable([&] { return poll_readable(terminal.fd, pause); });
      if (ready < 0) return ready;
    }
    const long count = receive(terminal.fd, to, size, kDontWait);
    return count == -error::kAgain ? 0 : count;
  }
  std::size_t enough = minimum < 64 ? minimum : 64;
  if (enough > size) enough = size;
  std::size_t done = 0;
  while (done < enough) {
    if (done > 0 && pause > 0 && cancellable([&] { return poll_readable(terminal.fd, pause); }) == 0) break;
    const long count = receive_waiting(terminal.fd, to + done, size - done, 0);
    if (count <= 0) {
      if (done == 0) return count;
      break;
    }
    done += static_cast<std::size_t>(count);
  }
  return static_cast<long>(done);
}

std::uint8_t take_status(const Terminal& terminal) {
  ttycall::Request request{};
  ttycall::Answer answer;
  request.operation = ttycall::Operation::kTakeStatus;
  request.number = terminal.slot.number;
  const long status = ask(request, answer, Wait::kShort);
  drop_mark(terminal);
  return status < 0 ? 0 : static_cast<std::uint8_t>(status);
}

// n_tty.c: n_tty_read of a master: a status byte of packet mode comes before all data; no data and a closed slave is EIO.
long read_master(Terminal& terminal, std::uint8_t* to, std::size_t size, int flags) {
  for (;;) {
    if (!terminal.refresh()) return -error::kIo;
    const bool packets = terminal.has(attention::kPacket);
    if (packets && terminal.slot.packet_status != 0) {
      if (const std::uint8_t status = take_status(terminal); status != 0) {
        *to = status;
        return 1;
      }
      continue;
    }
    std::uint8_t first[2];
    const bool closed = terminal.has(attention::kClosed);
    const long seen = receive_waiting(terminal.fd, first, sizeof first, kPeek | flags | (closed ? kDontWait : 0));
    if (seen == 0 || (seen == -error::kAgain && closed)) return -error::kIo;
    if (seen < 0) return seen;
    if (seen == 1 && (__atomic_load_n(&terminal.shared->attention, __ATOMIC_ACQUIRE) & attention::kMark) != 0) {
      if (!terminal.refresh() || terminal.has(attention::kClosed)) return -error::kIo;
      if (terminal.slot.packet_status == 0) drop_mark(terminal);
      continue;
    }
    const std::size_t head = packets ? 1 : 0;
    if (packets) *to = 0;  // TIOCPKT_DATA
    if (size == head) return 1;
    const long count = receive(terminal.fd, to + head, size - head, kDontWait);
    if (count == -error::kAgain && (flags & kDontWait) == 0) continue;  // another reader was faster
    return count < 0 ? count : count + static_cast<long>(head);
  }
}

}  // namespace

// The mark is looked at before it is taken, and stays while it says that the slave is closed: it keeps poll(2) truthful.
void drop_mark(const Terminal& terminal) {
  std::uint8_t mark[2];
  if ((__atomic_load_n(&terminal.shared->attention, __ATOMIC_ACQUIRE) & attention::kMark) == 0) return;
  if (receive(terminal.fd, mark, sizeof mark, kPeek | kDontWait) == 1) receive(terminal.fd, mark, 1, kDontWait);
}

long read_terminal(Terminal& terminal, void* to, std::size_t size) {
  if (size == 0) return 0;
  auto* const bytes = static_cast<std::uint8_t*>(to);
  const int flags = nonblocking(terminal.fd) ? kDontWait : 0;
  if (!terminal.is_slave()) return as_terminal(read_master(terminal, bytes, size, flags));
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
  const int flags = kNoSignal | (nonblocking(terminal.fd) ? kDontWait : 0);
  return as_terminal(cancellable([&] { return send(terminal.fd, from, size, flags); }));
}

}  // namespace farpty::shim
