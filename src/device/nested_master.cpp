#include "device/nested_master.hpp"

#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>

#include "device/socket_queue.hpp"

namespace farpty::device {

namespace {

constexpr std::size_t kPiece = 4096;
// What the slave has no room for and is taken from the program nevertheless: a key among it may stop or start the output. As much as
// the kernel's buffers between the ends hold (pty.c: pty_common_install; tty_buffer.c counts a half of it).
constexpr std::size_t kMostTyped = 16 * 1024;
// What waits for the maker is out of reach of a flush and of Ctrl-C: about as much as the kernel's buffers hold (n_tty.c:
// N_TTY_BUF_SIZE, and 8 KiB before it). The kernel doubles the number and counts its own bookkeeping (socket(7)).
constexpr int kSocketBuffer = 16 * 1024;

}  // namespace

Result<std::unique_ptr<NestedMaster>> NestedMaster::open(boost::asio::io_context& context, Tty& tty, OwnedFd& far,
                                                         std::function<void()> closed) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return os_error("cannot make", "a pseudoterminal");
  OwnedFd near(ends[0]);
  far = OwnedFd(ends[1]);
  setsockopt(near.get(), SOL_SOCKET, SO_SNDBUF, &kSocketBuffer, sizeof kSocketBuffer);
  struct stat status{};
  if (fstat(far.get(), &status) != 0) return os_error("cannot identify", "a socket");
  FARPTY_ASSIGN(ready, Readiness::watch(context, near.get()));
  std::unique_ptr<NestedMaster> master(new NestedMaster(context, tty, std::move(near), std::move(closed)));
  master->ready_ = std::move(ready);
  tty.set_master(far.get(), status.st_ino);
  auto* const self = master.get();
  tty.on_output = [self] { self->pump_output(); };
  tty.on_input_room = [self] { self->pump_input(); };
  tty.on_input_flush = [self] { self->typed_.clear(); };
  self->pump_input();
  return master;
}

void NestedMaster::set_flow(Flow flow) {
  held_ = flow == Flow::kHeld;
  pump_input();
}

// What the program writes to the master is typed on the terminal. What was refused is offered again when there is room for it, or
// when more has come.
void NestedMaster::pump_input() {
  while (!closed_now_ && !held_) {
    const bool more = take_typed();
    if (closed_now_) return;
    if (!typed_.empty() && (more || tty_.take_input_room())) {
      const std::size_t taken = tty_.type(typed_);
      typed_.erase(typed_.begin(), typed_.begin() + static_cast<std::ptrdiff_t>(taken));
      continue;
    }
    if (typed_.size() < kMostTyped) ready_.when_readable([this] { pump_input(); });
    return;
  }
}

// Whether something came.
bool NestedMaster::take_typed() {
  std::array<std::byte, kPiece> piece;
  const std::size_t room = std::min(piece.size(), kMostTyped - typed_.size());
  if (room == 0) return false;
  const ssize_t count = recv(near_.get(), piece.data(), room, MSG_DONTWAIT);
  if (count > 0) typed_.insert(typed_.end(), piece.begin(), piece.begin() + count);
  if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) end();
  return count > 0;
}

void NestedMaster::type(std::byte key) {
  if (closed_now_ || held_) return;
  typed_.push_back(key);
  const std::size_t taken = tty_.type(typed_);
  typed_.erase(typed_.begin(), typed_.begin() + static_cast<std::ptrdiff_t>(taken));
}

void NestedMaster::pump_output() {
  if (closed_now_) return;
  give_output();
  tty_.show_held_back(held_back());
  tty_.tell_programs();
}

void NestedMaster::give_output() {
  const auto go_on_when_taken = [this] { reader_.when_read(ready_, near_.get(), -1, [this] { pump_output(); }); };
  if (mark_is_out_) {
    if (!all_is_taken()) return go_on_when_taken();
    set_mark(false);
  }
  if (!send_shown()) return closed_now_ ? void() : go_on_when_taken();
  if (!tty_.closed() && tty_.packet_status() == 0) return;
  // What is there already makes the master readable.
  if (!all_is_taken()) return go_on_when_taken();
  set_mark(true);
  if (send(near_.get(), &ttycall::kMasterMark, 1, MSG_DONTWAIT | MSG_NOSIGNAL) != 1) set_mark(false);
  go_on_when_taken();
}

// Whether all output there is went into the socket.
bool NestedMaster::send_shown() {
  for (;;) {
    if (shown_.empty()) {
      shown_.resize(kPiece);
      shown_.resize(tty_.read_output(shown_));
      if (shown_.empty()) return true;
    }
    const ssize_t count = send(near_.get(), shown_.data(), shown_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    if (count < 0) {
      end();
      return false;
    }
    shown_.erase(shown_.begin(), shown_.begin() + count);
  }
}

bool NestedMaster::all_is_taken() const { return unread_by_peer(near_.get(), -1) == 0; }

bool NestedMaster::has_unread() const { return !mark_is_out_ && !all_is_taken(); }

void NestedMaster::set_mark(bool out) {
  mark_is_out_ = out;
  tty_.set_attention(ttycall::attention::kMark, out);
}

// tty_io.c: tty_ioctl; tty_ioctl.c: __tty_perform_flush. What the slave's line discipline holds is not the master's.
void NestedMaster::flush(tty::Flush queue, int far) {
  if (queue != tty::Flush::kOutput) {
    shown_.clear();
    tty_.drop_waiting_output();
    std::array<std::byte, kPiece> dropped;
    while (far >= 0 && recv(far, dropped.data(), dropped.size(), MSG_DONTWAIT) > 0) {
    }
  }
  if (queue != tty::Flush::kInput) {
    typed_.clear();
    tty_.forget_refused();
  }
  pump_input();
  pump_output();
}

void NestedMaster::end() {
  if (std::exchange(closed_now_, true)) return;
  tty_.on_output = nullptr;
  tty_.on_input_room = nullptr;
  reader_.cancel();
  tty_.on_input_flush = nullptr;
  ready_ = Readiness();
  near_.reset();
  tty_.drop_output();
  tty_.hangup();
  closed_();
}

}  // namespace farpty::device
