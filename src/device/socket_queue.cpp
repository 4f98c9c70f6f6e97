#include "device/socket_queue.hpp"

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <utility>

#include "device/gvisor.hpp"

namespace farpty::device {

namespace {

using std::chrono::milliseconds;

// Between two looks at a reader whom nobody can await: a line that waits for the one before it waits so long, and a reader that never
// comes costs so little.
constexpr milliseconds kFirstPause{1}, kLongestPause{32};

}  // namespace

std::optional<int> unread_by_peer(int fd, int peer) {
  int waiting = 0;
  if (is_gvisor() && peer >= 0 && ioctl(peer, FIONREAD, &waiting) == 0) return waiting;
  if (ioctl(fd, SIOCOUTQ, &waiting) != 0) return std::nullopt;
  // Whoever reads a buffer wakes its writer while the last byte of it is still accounted for (sock.c: sock_wfree), and nobody
  // wakes the writer when that one is gone, too. No buffer is as small as that.
  const int being_freed = is_gvisor() ? 0 : 1;
  return waiting <= being_freed ? 0 : waiting;
}

void ReaderWait::when_read(Readiness& ready, int fd, int peer, std::function<void()> then) {
  if (!is_gvisor()) return ready.when_writable(std::move(then));
  then_ = std::move(then);
  if (timer_ && timer_->is_set()) return;
  const auto unread = unread_by_peer(fd, peer);
  const bool goes_on = unread == unread_ && pause_ > milliseconds::zero();
  pause_ = goes_on ? std::min(2 * pause_, kLongestPause) : kFirstPause;
  unread_ = unread;
  if (!timer_) timer_ = std::make_unique<Timer>(context_);
  timer_->run_after(pause_, [this] {
    const auto now = std::exchange(then_, nullptr);
    now();
  });
}

void ReaderWait::cancel() {
  timer_.reset();
  then_ = nullptr;
}

}  // namespace farpty::device
