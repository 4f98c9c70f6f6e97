#include "pty/end_of_input.hpp"

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>

namespace farpty::pty {

namespace {

using std::chrono::milliseconds;
constexpr milliseconds kShortestPause{2};
constexpr milliseconds kLongestPause{50};
constexpr milliseconds kFirstRawWait{100};
constexpr milliseconds kLongestRawWait{5000};

}  // namespace

EndOfInput::EndOfInput(boost::asio::io_context& context, int master, OwnedFd slave)
    : timer_(context), master_(master), slave_(std::move(slave)), pause_(kShortestPause), raw_wait_(kFirstRawWait) {
  look();
}

// Canonical: is there a record (a VEOF that waits is one)? Raw: is there a byte (VMIN may hide it from poll)? poll(2) on
// the slave also carries over what the kernel's flip-buffer worker has not delivered yet (n_tty.c: n_tty_poll).
bool EndOfInput::input_is_taken(bool canonical) const {
  pollfd readable{.fd = slave_.get(), .events = POLLIN, .revents = 0};
  if (poll(&readable, 1, 0) != 0) return false;
  if (canonical) return true;
  int count = 0;
  return ioctl(slave_.get(), FIONREAD, &count) == 0 && count == 0;
}

void EndOfInput::look() {
  termios mode{};
  if (tcgetattr(slave_.get(), &mode) != 0) return;  // hung up
  const bool canonical = (mode.c_lflag & ICANON) != 0;
  if (!looked_ || canonical != was_canonical_) {
    looked_ = true;
    was_canonical_ = canonical;
    due_ = true;
    raw_wait_ = kFirstRawWait;
    pause_ = kShortestPause;
  }
  since_last_send_ += pause_;
  if (!canonical && since_last_send_ >= raw_wait_) {
    due_ = true;
    raw_wait_ = std::min(raw_wait_ * 2, kLongestRawWait);
  }
  if ((canonical || due_) && input_is_taken(canonical)) send();

  timer_.run_after(pause_, [this] { look(); });
  pause_ = std::min(pause_ * 5 / 4 + milliseconds(1), kLongestPause);
}

void EndOfInput::send() {
  termios mode{};
  if (tcgetattr(slave_.get(), &mode) != 0 || mode.c_cc[VEOF] == _POSIX_VDISABLE) return;
  if (write(master_, &mode.c_cc[VEOF], 1) != 1) return;  // no room: the next look tries again
  due_ = false;
  since_last_send_ = Duration{0};
  pause_ = kShortestPause;
}

}  // namespace farpty::pty
