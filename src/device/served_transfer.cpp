// read(2) and write(2) of programs without the shim (n_tty.c: n_tty_read, n_tty_write, job_control): a call that can be done
// is let go, and the kernel does it on the socket; what a socket does not know is answered here: an end of file, VMIN and
// VTIME, background processes, a hang-up, O_NONBLOCK.
#include <asm/unistd.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include "device/served_call.hpp"

namespace farpty::device {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kCopied = 16 * 1024;  // of a write that must not wait: less than was asked for is an answer
constexpr std::size_t kMostOfMinimum = 64;  // tty_io.c: iterate_tty_read: a buffer of 64 bytes satisfies a larger VMIN
constexpr std::size_t kMostParts = 16;      // of readv and writev that are looked at

}  // namespace

Outcome ServedCall::read() {
  const auto here = find(call_->descriptor());
  if (!here) return let_go();
  return here->is_slave() ? read_slave(*here) : read_master(*here);
}

Outcome ServedCall::read_slave(const Here& here) {
  if (here.hung_up()) return answer(0);
  if (size_of_transfer() == 0) return let_go();
  if (!patience_.admitted) {
    if (const auto kept = keep_away(here, SIGTTIN)) return *kept;
    patience_.admitted = true;
  }
  Tty& tty = *here.tty;
  const std::size_t waiting = tty.sent_input();
  if (!tty.gives_lines()) return read_raw(here, waiting);
  if (waiting == 1 && tty.take_end_of_file()) return answer(0);
  if (waiting > 0) return release();
  if (device_.nonblocking().contains(call_->thread, call_->descriptor())) return answer(-EAGAIN);
  return hold(here);
}

Outcome ServedCall::read_raw(const Here& here, std::size_t waiting) {
  const tty::Termios& settings = here.tty->termios();
  const std::size_t minimum = settings.cc[tty::kVmin];
  const std::chrono::milliseconds pause{settings.cc[tty::kVtime] * 100};
  if (waiting > 0 && minimum <= 1) return release();
  if (minimum == 0 && pause.count() == 0) return answer(0);
  const auto now = Clock::now();
  if (minimum > 1) {
    const bool enough = waiting >= std::min({minimum, kMostOfMinimum, size_of_transfer()});
    if (enough || (waiting > 0 && patience_.until && *patience_.until <= now)) return release();
  } else if (minimum == 0 && patience_.until && *patience_.until <= now) {
    return answer(0);
  }
  if (device_.nonblocking().contains(call_->thread, call_->descriptor()))
    return waiting > 0 ? release() : answer(-EAGAIN);
  // With VMIN 0 the time runs from the start, else from the last byte.
  const auto seen = static_cast<int>(waiting);
  const bool starts = minimum == 0 ? !patience_.until : seen > patience_.seen;
  if (pause.count() > 0 && starts) patience_.until = now + pause;
  patience_.seen = seen;
  return hold(here);
}

Outcome ServedCall::read_master(const Here& here) {
  const NestedMaster* const master = here.tty != nullptr ? device_.master_of(*here.tty) : nullptr;
  if (master == nullptr) return release();
  // What follows a status byte is given as it is, without the byte that says that it is data: the kernel reads it.
  if (const std::uint8_t status = here.tty->take_packet_status(); status != 0) {
    drop_mark(*master);
    return give(call_->arguments[1], &status, 1, 1);
  }
  if (master->has_unread()) return release();
  if (here.tty->closed()) return answer(-EIO);  // n_tty.c: n_tty_wait_for_input, TTY_OTHER_CLOSED
  drop_mark(*master);
  if (device_.nonblocking().contains(call_->thread, call_->descriptor())) return answer(-EAGAIN);
  return hold(here);
}

// A mark that stands for nothing any more (ttycall/layout.hpp: kMark).
void ServedCall::drop_mark(const NestedMaster& master) {
  if (!master.mark_is_out()) return;
  std::byte mark;
  if (const OwnedFd copy = call_->copy_of(call_->descriptor()); copy) recv(copy.get(), &mark, 1, MSG_DONTWAIT);
}

std::size_t ServedCall::size_of_transfer() {
  if (call_->number == __NR_read || call_->number == __NR_write) return call_->arguments[2];
  std::array<iovec, kMostParts> parts{};
  const std::size_t count = std::min<std::size_t>(call_->arguments[2], parts.size());
  const long got = call_->read(call_->arguments[1], parts.data(), count * sizeof(iovec));
  std::size_t sum = 0;
  for (std::size_t i = 0; i < count && got >= static_cast<long>((i + 1) * sizeof(iovec)); ++i)
    sum += std::min(parts[i].iov_len, kCopied);
  return sum;
}

Outcome ServedCall::write() {
  const auto here = find(call_->descriptor());
  if (!here) return let_go();
  if (here->is_slave()) {
    if (here->hung_up()) return answer(-EIO);
    if (here->tty->termios().local(tty::lflag::kTostop)) {
      if (const auto kept = keep_away(*here, SIGTTOU)) return *kept;
    }
  } else if (here->tty == nullptr) {
    return answer(-EIO);
  }
  return device_.nonblocking().contains(call_->thread, call_->descriptor()) ? write_now(*here) : let_go();
}

// In the program's place, with a duplicate of its descriptor, since only we know that it must not wait.
Outcome ServedCall::write_now(const Here& here) {
  iovec part{.iov_base = nullptr, .iov_len = 0};
  if (call_->number == __NR_writev) {
    for (std::uint64_t i = 0; i < std::min<std::uint64_t>(call_->arguments[2], kMostParts) && part.iov_len == 0; ++i)
      if (!take(call_->arguments[1] + i * sizeof part, &part, sizeof part)) return {};
  } else {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): an address of another process
    part = {.iov_base = reinterpret_cast<void*>(call_->arguments[1]), .iov_len = call_->arguments[2]};
  }
  std::array<std::byte, kCopied> bytes;
  const std::size_t size = std::min(part.iov_len, bytes.size());
  if (size == 0) return answer(0);
  if (!take(reinterpret_cast<std::uint64_t>(part.iov_base), bytes.data(), size)) return {};
  const OwnedFd copy = here.is_slave() ? OwnedFd() : call_->copy_of(call_->descriptor());
  if (!here.is_slave() && !copy) return let_go();
  const int socket = here.is_slave() ? here.tty->slave() : copy.get();
  const ssize_t count = send(socket, bytes.data(), size, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (count >= 0) return answer(count);
  return answer(errno == EAGAIN ? -EAGAIN : -EIO);
}

}  // namespace farpty::device
