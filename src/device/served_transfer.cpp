// read(2) and write(2) of programs without the shim (n_tty.c: n_tty_read, n_tty_write, job_control): a call that can be done
// is let go, and the kernel does it on the socket; what a socket does not know is answered here: an end of file, VMIN and
// VTIME, background processes, stopped output, a hang-up, O_NONBLOCK, packets.
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
constexpr std::size_t kPiece = 64;          // tty_io.c: iterate_tty_read, kernel_buf: it satisfies a larger VMIN

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
  if (!tty.gives_lines())
    return tty.termios().local(tty::lflag::kIcanon) ? read_edited_by_master(here, waiting) : read_raw(here, waiting);
  if (waiting == 1 && tty.take_end_of_file()) return answer(0);
  if (waiting > 0) return release();
  if (is_nonblocking()) return answer(-EAGAIN);
  return hold(here);
}

bool ServedCall::is_nonblocking() const { return device_.nonblocking().contains(call_->thread, call_->descriptor()); }

// EXTPROC. n_tty.c: copy_from_read_buf, for pieces of 64 bytes: a single VEOF at the end of the input is an end of file.
Outcome ServedCall::read_edited_by_master(const Here& here, std::size_t waiting) {
  const Tty& tty = *here.tty;
  if (waiting == 0) return is_nonblocking() ? answer(-EAGAIN) : hold(here);
  std::array<std::byte, kCopied> bytes;
  if (waiting % kPiece != 1 || waiting > bytes.size() || waiting > size_of_transfer()) return release();
  if (tty.unread_by_programs() > waiting) return release();  // more comes behind it
  const ssize_t seen = recv(tty.slave(), bytes.data(), waiting, MSG_PEEK | MSG_DONTWAIT);
  const auto end_of_file = static_cast<std::byte>(tty.termios().cc[tty::kVeof]);
  if (seen != static_cast<ssize_t>(waiting) || bytes[waiting - 1] != end_of_file) return release();
  return give_read(tty.slave(), Bytes(bytes).first(waiting - 1), waiting);
}

Outcome ServedCall::read_raw(const Here& here, std::size_t waiting) {
  const tty::Termios& settings = here.tty->termios();
  const std::size_t minimum = settings.cc[tty::kVmin];
  const std::chrono::milliseconds pause{settings.cc[tty::kVtime] * 100};
  if (waiting > 0 && minimum <= 1) return release();
  if (minimum == 0 && pause.count() == 0) return answer(0);
  const auto now = Clock::now();
  if (minimum > 1) {
    const bool enough = waiting >= std::min({minimum, kPiece, size_of_transfer()});
    if (enough || (waiting > 0 && patience_.until && *patience_.until <= now)) return release();
  } else if (minimum == 0 && patience_.until && *patience_.until <= now) {
    return answer(0);
  }
  if (is_nonblocking()) return waiting > 0 ? release() : answer(-EAGAIN);
  // With VMIN 0 the time runs from the start, else from the last byte.
  const auto seen = static_cast<int>(waiting);
  const bool starts = minimum == 0 ? !patience_.until : seen > patience_.seen;
  if (pause.count() > 0 && starts) patience_.until = now + pause;
  patience_.seen = seen;
  return hold(here);
}

// What the slave's programs wrote so far comes before it is said that there is nothing (n_tty.c: n_tty_read: tty_buffer_flush_work).
Outcome ServedCall::read_master(const Here& here) {
  NestedMaster* const master = here.tty != nullptr ? device_.master_of(*here.tty) : nullptr;
  if (master == nullptr) return release();
  if (size_of_transfer() == 0) return let_go();
  here.tty->catch_up();
  if (const std::uint8_t status = here.tty->take_packet_status(); status != 0) {
    drop_mark(*master);
    return give_read(-1, Bytes(reinterpret_cast<const std::byte*>(&status), 1), 0);
  }
  const auto read = [&] { return here.tty->packet_mode() ? read_packet() : release(); };
  if (master->has_unread()) return read();
  if (here.tty->closed()) return answer(-EIO);  // n_tty.c: n_tty_wait_for_input, TTY_OTHER_CLOSED
  drop_mark(*master);
  if (!is_nonblocking()) return hold(here);
  master->pump_output();  // what waited behind the mark
  return master->has_unread() ? read() : answer(-EAGAIN);
}

// Data behind the byte that says so (n_tty.c: n_tty_read; TIOCPKT_DATA).
Outcome ServedCall::read_packet() {
  std::array<std::byte, kCopied> bytes;
  bytes[0] = std::byte{0};
  const OwnedFd copy = call_->copy_of(call_->descriptor());
  const std::size_t size = std::min(size_of_transfer(), bytes.size()) - 1;
  const ssize_t seen = size == 0 ? 0 : recv(copy.get(), bytes.data() + 1, size, MSG_PEEK | MSG_DONTWAIT);
  if (seen < 0) return let_go();  // it was taken by another, or is not ours to look at
  return give_read(copy.get(), Bytes(bytes).first(1 + static_cast<std::size_t>(seen)), static_cast<std::size_t>(seen));
}

// First into the program's memory, which may not be ours to look into: nothing is lost by that.
Outcome ServedCall::give_read(int socket, Bytes bytes, std::size_t taken) {
  if (!call_->waits()) return {};
  const Parts places = parts();
  Bytes rest = bytes;
  for (std::size_t i = 0; i < places.count && !rest.empty(); ++i) {
    const Bytes piece = rest.first(std::min(rest.size(), places.part[i].iov_len));
    const long written =
        call_->write(reinterpret_cast<std::uint64_t>(places.part[i].iov_base), piece.data(), piece.size());
    if (written == -EPERM) return let_go();
    if (written < 0) return answer(written);
    rest = rest.subspan(piece.size());
  }
  std::array<std::byte, kCopied> dropped;
  if (taken > 0 && recv(socket, dropped.data(), std::min(taken, dropped.size()), MSG_DONTWAIT) <= 0) return let_go();
  return answer(static_cast<std::int64_t>(bytes.size() - rest.size()));
}

// A mark that stands for nothing any more (ttycall/layout.hpp: kMark).
void ServedCall::drop_mark(const NestedMaster& master) {
  if (!master.mark_is_out()) return;
  std::byte mark;
  if (const OwnedFd copy = call_->copy_of(call_->descriptor()); copy) recv(copy.get(), &mark, 1, MSG_DONTWAIT);
}

ServedCall::Parts ServedCall::parts() {
  Parts found;
  if (call_->number == __NR_read || call_->number == __NR_write) {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): an address of another process
    found.part[0] = {.iov_base = reinterpret_cast<void*>(call_->arguments[1]), .iov_len = call_->arguments[2]};
    found.count = 1;
    return found;
  }
  const std::size_t most = std::min<std::size_t>(call_->arguments[2], found.part.size());
  const long got = call_->read(call_->arguments[1], found.part.data(), most * sizeof(iovec));
  found.count = got > 0 ? static_cast<std::size_t>(got) / sizeof(iovec) : 0;
  found.forbidden = got == -EPERM;
  return found;
}

std::size_t ServedCall::Parts::size() const {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += std::min(part[i].iov_len, kCopied);
  return sum;
}

std::size_t ServedCall::size_of_transfer() { return parts().size(); }

Outcome ServedCall::write() {
  const auto here = find(call_->descriptor());
  if (!here) return let_go();
  if (here->is_slave() ? here->hung_up() : here->tty == nullptr) return answer(-EIO);
  if (here->is_slave()) {
    if (const auto word = keep_waiting(*here)) return *word;
  }
  return is_nonblocking() ? write_now(*here) : let_go();
}

// n_tty.c: n_tty_write, before it takes anything. Nothing: it may.
std::optional<Outcome> ServedCall::keep_waiting(const Here& here) {
  if (!patience_.admitted && here.tty->termios().local(tty::lflag::kTostop)) {
    if (const auto kept = keep_away(here, SIGTTOU)) return kept;
  }
  patience_.admitted = true;
  if (call_->number == __NR_write && call_->arguments[2] == 0) {
    here.tty->write_nothing();
    return answer(0);
  }
  if (!here.tty->output_is_stopped()) return std::nullopt;
  if (size_of_transfer() == 0) return std::nullopt;  // read_write.c: vfs_writev
  return is_nonblocking() ? answer(-EAGAIN) : hold(here, Outcome::Awaits::kOutput);
}

// In the program's place, with a duplicate of its descriptor, since only we know that it must not wait.
Outcome ServedCall::write_now(const Here& here) {
  iovec part{.iov_base = nullptr, .iov_len = 0};
  const Parts all = parts();
  if (all.forbidden) return let_go();
  if (all.count == 0 && call_->arguments[2] > 0) return answer(-EFAULT);
  for (std::size_t i = 0; i < all.count && part.iov_len == 0; ++i) part = all.part[i];
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
