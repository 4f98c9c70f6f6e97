#include "device/nested_master.hpp"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>

namespace farpty::device {

namespace {
constexpr std::size_t kPiece = 4096;
}

Result<std::unique_ptr<NestedMaster>> NestedMaster::open(boost::asio::io_context& context, Tty& tty, OwnedFd& far,
                                                         std::function<void()> closed) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return os_error("cannot make", "a pseudoterminal");
  OwnedFd near(ends[0]);
  far = OwnedFd(ends[1]);
  struct stat status{};
  if (fstat(far.get(), &status) != 0) return os_error("cannot identify", "a socket");
  FARPTY_ASSIGN(ready, Readiness::watch(context, near.get()));
  std::unique_ptr<NestedMaster> master(new NestedMaster(tty, std::move(near), std::move(closed)));
  master->ready_ = std::move(ready);
  tty.set_master_inode(status.st_ino);
  auto* const self = master.get();
  tty.on_output = [self] { self->pump_output(); };
  tty.on_input_room = [self] { self->pump_input(); };
  self->pump_input();
  return master;
}

// What the program writes to the master is typed on the terminal.
void NestedMaster::pump_input() {
  while (!closed_now_) {
    if (typed_.empty()) {
      std::array<std::byte, kPiece> piece;
      const ssize_t count = recv(near_.get(), piece.data(), piece.size(), MSG_DONTWAIT);
      if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) return end();
      if (count < 0) return ready_.when_readable([this] { pump_input(); });
      typed_.assign(piece.begin(), piece.begin() + count);
    }
    const std::size_t taken = tty_.type(typed_);
    typed_.erase(typed_.begin(), typed_.begin() + static_cast<std::ptrdiff_t>(taken));
    if (!typed_.empty()) return;  // on_input_room comes
  }
}

void NestedMaster::pump_output() {
  while (!closed_now_) {
    if (shown_.empty()) {
      shown_.resize(kPiece);
      shown_.resize(tty_.read_output(shown_));
      if (shown_.empty()) break;
    }
    const ssize_t count = send(near_.get(), shown_.data(), shown_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return ready_.when_writable([this] { pump_output(); });
    if (count < 0) return end();
    shown_.erase(shown_.begin(), shown_.begin() + count);
  }
  if (tty_.abandoned() && !closed_now_) {
    ended_ = true;
    shutdown(near_.get(), SHUT_RDWR);  // poll(2) says POLLHUP
  }
  tty_.tell_programs();
}

std::size_t NestedMaster::unread() const {
  int waiting = 0;
  return ioctl(near_.get(), SIOCOUTQ, &waiting) == 0 && waiting > 0 ? static_cast<std::size_t>(waiting) : 0;
}

void NestedMaster::end() {
  if (std::exchange(closed_now_, true)) return;
  tty_.on_output = nullptr;
  tty_.on_input_room = nullptr;
  ready_ = Readiness();
  near_.reset();
  tty_.drop_output();
  tty_.hangup();
  closed_();
}

}  // namespace farpty::device
