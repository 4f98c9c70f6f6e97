// read(2) and write(2) of a terminal: n_tty.c: n_tty_read and n_tty_write as far as they are not the device's business.
//
// The device has edited lines, echoed and translated; what lies in the socket is what a read returns. Left to do here: the
// end of file, which a stream cannot carry (one byte and a flag in the slot), VMIN and VTIME, and job control.
#include "shim/device.hpp"
#include "shim/libc.hpp"
#include "shim/terminal.hpp"
#include "ttycall/ioctls.hpp"
#include "ttycall/tty_ioctl.hpp"

namespace farpty::shim {

namespace {

namespace attention = ttycall::attention;
namespace error = ttycall::error;

constexpr std::uint8_t kEndOfFileMark = 4;
constexpr std::size_t kPiece = 64;         // tty_io.c: iterate_tty_read, kernel_buf
constexpr std::size_t kNearlyFull = 1024;  // of 4095 bytes; under PARMRK a queue of 4093 is full

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

// No more than what lies there by now: a mark comes when that was taken, and would be taken with it.
long receive_data(const Terminal& terminal, std::uint8_t* to, std::size_t size) {
  int waiting = 0;
  const long result = ioctl_call(terminal.fd, ttycall::io::kFionread, address(&waiting));
  if (result < 0) return result;
  if (waiting <= 0) return -error::kAgain;
  const auto there = static_cast<std::size_t>(waiting);
  return receive(terminal.fd, to, there < size ? there : size, kDontWait);
}

// A master's read takes all there is. Many small writes fill its socket, which counts buffers, and the others wait in the device.
long read_held_back(Terminal& terminal, std::uint8_t* to, std::size_t size, std::size_t done) {
  // As it was before the read: by now the device may have fed the socket again.
  for (std::uint32_t held = terminal.slot.held_back; done < size && held != 0; held = terminal.slot.held_back) {
    catch_up(terminal);
    const long more = terminal.has(attention::kMark) ? 0 : receive_data(terminal, to + done, size - done);
    if (more <= 0) break;
    done += static_cast<std::size_t>(more);
  }
  return static_cast<long>(done);
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
    const long count = receive_data(terminal, to + head, size - head);
    if (count == -error::kAgain && (flags & kDontWait) == 0) continue;  // another reader was faster
    if (count < 0) return count;
    return static_cast<long>(head) + read_held_back(terminal, to + head, size - head, static_cast<std::size_t>(count));
  }
}

// A raw read takes all there is; the device streams only so much of it, by the kernel's bookkeeping of the socket.
long read_kept(Terminal& terminal, std::uint8_t* to, std::size_t size, std::size_t done) {
  // As it was before the read: by now the device may have fed the socket again, and taken in what had no room until then.
  const std::size_t most = done + terminal.slot.kept;
  if (size > most) size = most;
  while (done < size) {
    fetch_kept(terminal);
    const long more = receive(terminal.fd, to + done, size - done, kDontWait);
    if (more <= 0) break;
    done += static_cast<std::size_t>(more);
  }
  return static_cast<long>(done);
}

// Raw, VMIN 0 and VTIME 0.
bool never_waits(const Terminal& terminal) {
  const tty::Termios& settings = terminal.slot.termios;
  return !settings.local(tty::lflag::kIcanon) && settings.cc[tty::kVmin] == 0 && settings.cc[tty::kVtime] == 0;
}

// n_tty.c: copy_from_read_buf, for pieces of 64 bytes: where the master edits lines (EXTPROC), a single VEOF at the end of the
// input is an end of file. Returns how much of what was read is data.
long without_file_end(Terminal& terminal, const std::uint8_t* bytes, long count) {
  if (count % static_cast<long>(kPiece) != 1 || bytes[count - 1] != terminal.slot.termios.cc[tty::kVeof]) return count;
  int waiting = 0;
  ioctl_call(terminal.fd, ttycall::io::kFionread, address(&waiting));
  return waiting == 0 && terminal.refresh() && terminal.slot.kept == 0 ? count - 1 : count;
}

// Of what lies in several places the device makes one read: between two of ours a key that had no room could flush the rest. 0: it is
// to be read from the socket.
long take_from_device(const Terminal& terminal, std::uint8_t* to, std::size_t size) {
  ttycall::Request request{};
  ttycall::Answer answer;
  request.operation = ttycall::Operation::kTakeInput;
  request.number = terminal.slot.number;
  request.value = size;
  int bytes = -1;
  const long count = ask(request, answer, Wait::kShort, &bytes, OnExec::kClose, terminal.fd);
  if (bytes < 0) return 0;
  const long taken = count > 0 ? call(__NR_read, bytes, address(to), count) : 0;
  close(bytes);
  return taken;
}

// Whether a read of raw bytes would not wait for more of them (n_tty.c: n_tty_read, VMIN).
bool is_enough(const Terminal& terminal, std::size_t there, std::size_t size) {
  const tty::Termios& settings = terminal.slot.termios;
  std::size_t enough = settings.local(tty::lflag::kIcanon) ? 1 : settings.cc[tty::kVmin];
  if (enough > kPiece) enough = kPiece;
  return there >= (enough < size ? enough : size);
}

// Once, as far as it goes now, or, without kDontWait, until it is done.
long read_once(Terminal& terminal, std::uint8_t* bytes, std::size_t size, int flags) {
  if (!terminal.is_slave()) return as_terminal(read_master(terminal, bytes, size, flags));
  if (terminal.has(ttycall::attention::kHungUp)) return 0;
  const tty::Termios& settings = terminal.slot.termios;
  const bool edited = settings.local(tty::lflag::kIcanon);
  if (edited && !settings.local(tty::lflag::kExtproc)) return as_terminal(read_line(terminal, bytes, size, flags));
  // A read goes on until it has VMIN bytes or its first piece is full.
  if (!edited && settings.cc[tty::kVmin] > kPiece && size > kPiece) size = kPiece;
  if (size > kNearlyFull || terminal.slot.kept > 0) {
    const std::size_t there = unread_now(terminal);
    if (terminal.slot.kept > 0 && is_enough(terminal, there, size)) {
      const long taken = as_terminal(take_from_device(terminal, bytes, size));
      if (taken > 0) return edited ? without_file_end(terminal, bytes, taken) : taken;
    }
    // A read of a full queue ends with it: what had no room until then comes after it (n_tty.c: n_tty_kick_worker at the end of
    // n_tty_read), while the device sends more into a socket as soon as the first of it is taken.
    if (there >= kNearlyFull && there < size) size = there;
  }
  if (!edited && terminal.has(ttycall::attention::kTimedRead)) {
    if (flags == 0 || never_waits(terminal)) {
      const long timed = as_terminal(read_timed(terminal, bytes, size));
      return timed > 0 ? read_kept(terminal, bytes, size, static_cast<std::size_t>(timed)) : timed;
    }
  }
  const long count = receive_waiting(terminal.fd, bytes, size, flags);
  if (count == 1 && bytes[0] == kEndOfFileMark) {
    // Lines are read since this read began to wait.
    const auto now = __atomic_load_n(&terminal.shared->attention, __ATOMIC_ACQUIRE);
    if ((now & ttycall::attention::kEndOfFile) != 0) return 0;
  }
  if (count <= 0) return as_terminal(count);
  const long all = read_kept(terminal, bytes, size, static_cast<std::size_t>(count));
  return edited ? without_file_end(terminal, bytes, all) : all;
}

long write_nothing(const Terminal& terminal) {
  ttycall::Request request{};
  ttycall::Answer answer;
  request.operation = ttycall::Operation::kWriteNothing;
  request.number = terminal.slot.number;
  return ask(request, answer, Wait::kShort);
}

// n_tty.c: n_tty_write: while output is stopped nothing is taken.
long await_output(Terminal& terminal) {
  while (terminal.has(attention::kStopped)) {
    if (nonblocking(terminal.fd)) return -error::kAgain;
    ttycall::Request request{};
    ttycall::Answer answer;
    request.operation = ttycall::Operation::kAwaitOutput;
    request.number = terminal.slot.number;
    if (const long result = ask(request, answer, Wait::kUntilDrained); result < 0) return result;
    if (!terminal.refresh() || terminal.has(attention::kHungUp)) return -error::kIo;
  }
  return 0;
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
  if (terminal.is_slave() && !terminal.has(attention::kHungUp)) {
    if (const long stopped = check_background(terminal, kSigttin); stopped < 0) return stopped;
  }
  const int flags = nonblocking(terminal.fd) ? kDontWait : 0;
  const long count = read_once(terminal, bytes, size, flags);
  // A 0 of lines is an end of file, which was taken: that is no "nothing".
  const bool found_nothing = count == -error::kAgain || (count == 0 && terminal.is_slave() && never_waits(terminal));
  if (!found_nothing || terminal.slot.master == 0 || terminal.has(attention::kHungUp)) return count;
  catch_up(terminal);
  return read_once(terminal, bytes, size, flags | kDontWait);
}

long write_terminal(Terminal& terminal, const void* from, std::size_t size) {
  if (terminal.is_slave()) {
    if (terminal.has(ttycall::attention::kHungUp)) return -error::kIo;
    if (terminal.has(ttycall::attention::kStopWriters)) {
      if (const long stopped = check_background(terminal, kSigttou); stopped < 0) return stopped;
    }
    if (size == 0) return write_nothing(terminal);
    if (const long stopped = await_output(terminal); stopped < 0) return stopped;
  }
  const int flags = kNoSignal | (nonblocking(terminal.fd) ? kDontWait : 0);
  return as_terminal(cancellable([&] { return send(terminal.fd, from, size, flags); }));
}

}  // namespace farpty::shim
