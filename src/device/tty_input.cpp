// Tty, the way of what is typed: through the line discipline, one record at a time into the programs' socket, and back out
// of it where it is flushed or read otherwise from now on.
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "device/socket_queue.hpp"
#include "device/tty.hpp"

namespace farpty::device {

namespace {

namespace attention = ttycall::attention;

constexpr std::size_t kRecord = 4096;  // a line is never longer (n_tty.c: N_TTY_BUF_SIZE)
constexpr int kStreamed = 16 * 1024;   // raw bytes that may wait in the socket, with the kernel's bookkeeping
constexpr std::uint8_t kEndOfFileMark = 4;

}  // namespace

std::size_t Tty::type(Bytes bytes) {
  if (hung_up_) return bytes.size();
  process_output();  // what programs wrote before comes before the echo
  adopt_wish();
  room_came_ = false;
  constexpr std::size_t kMostOfOne = 3;  // PARMRK
  if (discipline_.kept() + discipline_.given() + kMostOfOne * bytes.size() >= tty::InputQueue::kSize) recount_sent();
  const std::size_t seen = std::min(arrived_.size(), bytes.size());
  arrived_.add(bytes.size() - seen);
  const std::size_t taken = receive(bytes);
  typed_ += taken;
  // Each byte once: a key that has stopped the output does not stop it again.
  const Bytes unseen = bytes.subspan(std::max(taken, seen));
  if (!unseen.empty()) discipline_.look_ahead(reinterpret_cast<const std::uint8_t*>(unseen.data()), unseen.size());
  after_input();
  return taken;
}

// tty_buffer.c: flush_to_ldisc. Piece by piece, until there is no room.
std::size_t Tty::receive(Bytes bytes) {
  std::size_t taken = 0;
  while (taken < bytes.size()) {
    const Bytes piece = bytes.subspan(taken, std::min(arrived_.first(), bytes.size() - taken));
    const std::size_t count = discipline_.receive(reinterpret_cast<const std::uint8_t*>(piece.data()), piece.size());
    arrived_.take(count);
    taken += count;
    if (count < piece.size()) break;
  }
  return taken;
}

// What lies in the socket takes room as if it were in the queue: a part of it may have been read meanwhile.
void Tty::recount_sent() {
  if (discipline_.given() == 0) return;
  if (closed_ || hung_up_ || in_socket() == 0)
    discipline_.set_given(0);
  else if (slave() >= 0)
    discipline_.set_given(std::min(discipline_.given(), sent_input() + (sent_line_ended_by_file_end_ ? 1 : 0)));
}

bool Tty::take_input_room() {
  if (discipline_.holds_back_input()) recount_sent();
  const bool came = discipline_.wants_held_back_input();
  return std::exchange(room_came_, false) || came;
}

void Tty::simulate_input(std::uint8_t byte) {
  recount_sent();
  discipline_.simulate_input(byte);
  tell_input_room();  // tty_buffer.c: tty_buffer_unlock_exclusive
  after_input();
}

void Tty::after_input() {
  deliver_signals();
  settle();
}

void Tty::tell_input_room() {
  room_came_ = true;
  tell_room_.run([this] {
    if (on_input_room) on_input_room();
  });
}

// Brings everything to where it goes by itself.
void Tty::settle() {
  feed_slave();
  process_output();
  if (discipline_.wants_held_back_input()) tell_input_room();
  mirror();
  run_drained();
  tell_output();
}

void Tty::deliver_signals() {
  const tty::Actions actions = discipline_.take_actions();
  // n_tty.c: isig flushes the input; a part of it lies in the socket already.
  if ((actions.interrupt || actions.quit || actions.suspend) && !termios().local(tty::lflag::kNoflsh))
    drop_sent_input();
  mirror();  // before anybody is woken to look
  if (actions.interrupt) signal(SIGINT);
  if (actions.quit) signal(SIGQUIT);
  if (actions.suspend) signal(SIGTSTP);
}

std::optional<int> Tty::in_socket() const { return unread_by_peer(master_.get(), slave()); }

bool Tty::input_is_taken() const { return !closed_ && in_socket() == 0; }

void Tty::feed_slave() {
  if (hung_up_ || closed_) return;
  while (send_record()) {
  }
  if (waiting_for_reader_) return;
  const bool more = discipline_.reads_lines() ? discipline_.readable() : discipline_.unread() > 0;
  if (!more && !on_input_taken && !discipline_.holds_back_input()) return;
  waiting_for_reader_ = true;
  reader_.when_read(ready_, master_.get(), slave(), [this] {
    waiting_for_reader_ = false;
    settle();
    if (input_is_taken() && on_input_taken)
      tell_taken_.run([this] {
        if (on_input_taken) on_input_taken();
      });
  });
}

// Sends the next line, or what there is of raw bytes, if the time has come. Whether it did.
bool Tty::send_record() {
  const auto waiting = in_socket();
  if (!waiting) return false;
  if (*waiting == 0) {
    end_marked_file();
    discipline_.set_given(0);
  }
  const bool lines = discipline_.reads_lines();
  if (lines ? *waiting > 0 || !discipline_.readable() : *waiting > kStreamed || discipline_.unread() == 0) return false;
  if (end_of_file_sent_) return false;  // nothing comes behind it before it is read
  std::array<std::uint8_t, kRecord> record;
  tty::Reading reading(record.data(), record.size());
  const std::size_t kept = discipline_.kept();
  std::size_t size = discipline_.give(reading).size;
  sent_line_ended_by_file_end_ = lines && size > 0 && kept - discipline_.kept() > size;
  if (!lines) {
    // A single VEOF under EXTPROC, or one behind pieces that were full. Whether it ends the file its reader decides, who sees whether
    // more stands before or behind it.
    if (kept - discipline_.kept() > size) record[size++] = termios().cc[tty::kVeof];
    if (size == 0) return false;
  } else if (size == 0) {
    end_of_file_sent_ = true;
    set_attention(attention::kEndOfFile, true);
    record[0] = kEndOfFileMark;
    size = 1;
  }
  const bool sent = mirror_.move_kept(static_cast<std::uint32_t>(discipline_.unread()), [&] {
    return send(master_.get(), record.data(), size, MSG_DONTWAIT | MSG_NOSIGNAL) > 0;
  });
  if (sent) tell_programs();
  return sent;
}

void Tty::end_marked_file() {
  if (!std::exchange(end_of_file_sent_, false)) return;
  set_attention(attention::kEndOfFile, false);
}

bool Tty::gives_lines() const { return discipline_.reads_lines(); }

std::size_t Tty::sent_input() const {
  int waiting = 0;
  return ioctl(slave(), FIONREAD, &waiting) == 0 && waiting > 0 ? static_cast<std::size_t>(waiting) : 0;
}

std::size_t Tty::unread_by_programs() const {
  const std::size_t sent = sent_input();
  return (end_of_file_sent_ && sent == 1 ? 0 : sent) + discipline_.unread();
}

bool Tty::take_end_of_file() {
  std::byte mark;
  if (!end_of_file_sent_ || recv(slave(), &mark, 1, MSG_DONTWAIT) != 1) return false;
  end_marked_file();
  return true;
}

std::vector<std::byte> Tty::take_input(std::size_t most) {
  if (discipline_.reads_lines() || end_of_file_sent_ || closed_ || hung_up_ || slave() < 0) return {};
  std::vector<std::byte> bytes(std::min(most, tty::InputQueue::kSize));
  const ssize_t sent = recv(slave(), bytes.data(), bytes.size(), MSG_DONTWAIT);
  std::size_t count = sent > 0 ? static_cast<std::size_t>(sent) : 0;
  if (sent_input() == 0) {
    tty::Reading reading(reinterpret_cast<std::uint8_t*>(bytes.data()) + count, bytes.size() - count);
    const std::size_t kept = discipline_.kept(), size = count < bytes.size() ? discipline_.give(reading).size : 0;
    count += size;
    if (kept - discipline_.kept() > size)
      bytes[count++] = static_cast<std::byte>(termios().cc[tty::kVeof]);  // as send_record
  }
  bytes.resize(count);
  recount_sent();
  settle();
  return bytes;
}

// What lies in the socket and nobody has read.
void Tty::drop_sent_input() {
  const OwnedFd slave = in_socket().value_or(0) > 0 ? duplicate_slave() : OwnedFd();
  std::array<std::byte, kPiece> dropped;
  while (slave && recv(slave.get(), dropped.data(), dropped.size(), MSG_DONTWAIT) > 0) {
  }
  end_marked_file();
  recount_sent();
}

// n_tty.c: n_tty_set_termios makes one line, or raw bytes, of all that was typed and not read. A part of it lies in the socket.
void Tty::take_back_input() {
  if (closed_ || hung_up_ || in_socket().value_or(0) == 0) return;
  int waiting = 0;
  const OwnedFd slave = duplicate_slave();
  std::array<std::uint8_t, kRecord> bytes;
  if (!slave || ioctl(slave.get(), FIONREAD, &waiting) != 0) return;
  if (waiting < 0 || discipline_.kept() + static_cast<std::size_t>(waiting) >= bytes.size()) return;
  const ssize_t count = recv(slave.get(), bytes.data(), bytes.size() - 1, MSG_DONTWAIT);
  if (count <= 0) return;
  auto size = static_cast<std::size_t>(count);
  if (end_of_file_sent_)
    bytes[0] = tty::kDisabledCharacter;
  else if (sent_line_ended_by_file_end_)
    bytes[size++] = tty::kDisabledCharacter;
  end_marked_file();
  static_cast<void>(discipline_.put_back(bytes.data(), size));
}

}  // namespace farpty::device
