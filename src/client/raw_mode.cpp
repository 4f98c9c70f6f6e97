#include "client/raw_mode.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstring>
#include <utility>

namespace farpty::client {

struct RawMode::Page {
  static constexpr std::size_t kMost = 512;
  // The length is written last and set to 0 before a change: a guard that looks in between writes nothing.
  std::atomic<std::size_t> length;
  std::atomic<bool> raw;  // whether there is anything to restore
  char undo[kMost];
};

namespace {

constexpr char kDismiss = 'q';

// A terminal that is not read must not keep us from restoring its modes, nor the guard from ending.
void write_undo(int tty, const char* text, std::size_t length) {
  pollfd ready{.fd = tty, .events = POLLOUT, .revents = 0};
  if (length > 0 && poll(&ready, 1, 100) == 1) (void)!write(tty, text, length);
}

// The user's modes, changed for `typing`.
termios mode_for(Typing typing, termios mode) {
  if (typing == Typing::kLines) return mode;
  if (typing == Typing::kHiddenLines) {
    mode.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    return mode;
  }
  cfmakeraw(&mode);
  mode.c_cc[VMIN] = 1;
  mode.c_cc[VTIME] = 0;
  if (typing == Typing::kEchoedKeys) mode.c_lflag |= ECHO;
  return mode;
}

}  // namespace

RawMode::RawMode(RawMode&& other) noexcept
    : tty_(other.tty_),
      before_(other.before_),
      typing_(other.typing_),
      raw_(std::exchange(other.raw_, false)),
      page_(std::exchange(other.page_, nullptr)),
      guard_pipe_(std::move(other.guard_pipe_)),
      guard_(std::exchange(other.guard_, 0)) {}

Result<RawMode> RawMode::enter(int tty) {
  termios before{};
  if (tcgetattr(tty, &before) != 0) return os_error("cannot read the mode of", "your terminal");
  RawMode mode(tty, before);
  FARPTY_TRY(mode.start_guard());
  mode.resume();
  if (!mode.raw_) return os_error("cannot set the mode of", "your terminal");
  return mode;
}

Result<> RawMode::start_guard() {
  void* page = mmap(nullptr, sizeof(Page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return os_error("cannot share memory with", "the terminal's guard");
  page_ = new (page) Page{};
  int ends[2];
  if (pipe(ends) != 0) return os_error("cannot make", "a pipe");
  OwnedFd guard_end(ends[0]);
  guard_pipe_ = OwnedFd(ends[1]);
  fcntl(guard_pipe_.get(), F_SETFD, FD_CLOEXEC);
  fcntl(guard_end.get(), F_SETFD, FD_CLOEXEC);
  // Until the guard ignores them, signals of the terminal would run our handlers in it, and those write into the event
  // loop's pipe that both share: one Ctrl-C would be two.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  guard_ = fork();
  const int code = errno;
  if (guard_ != 0) pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (guard_ < 0) return os_error("cannot make", "the terminal's guard process", code);
  if (guard_ > 0) return {};

  setsid();
  for (int number = 1; number < NSIG; ++number) signal(number, SIG_IGN);
  // Nothing of ours stays open in it but the terminal and the pipe: not the connection, not a pipe that others wait on.
  const int most = static_cast<int>(std::min<long>(sysconf(_SC_OPEN_MAX), 1024));
  for (int fd = 0; fd < most; ++fd)
    if (fd != tty_ && fd != guard_end.get()) close(fd);
  char word = 0;
  ssize_t got = 0;
  do got = read(guard_end.get(), &word, 1);
  while (got < 0 && errno == EINTR);
  if (got != 1 && page_->raw) {
    write_undo(tty_, page_->undo, page_->length.load());
    tcsetattr(tty_, TCSADRAIN, &before_);
  }
  _exit(0);
}

RawMode::~RawMode() {
  leave();
  if (guard_ > 0) {
    (void)!write(guard_pipe_.get(), &kDismiss, 1);
    while (waitpid(guard_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  if (page_ != nullptr) munmap(page_, sizeof(Page));
}

void RawMode::leave() {
  if (!raw_) return;
  raw_ = false;
  page_->raw = false;
  write_undo(tty_, page_->undo, page_->length.load());
  // TCSADRAIN waits until the terminal has taken the output, which one that is not read never does: then at once.
  pollfd writable{.fd = tty_, .events = POLLOUT, .revents = 0};
  tcsetattr(tty_, poll(&writable, 1, 0) == 1 ? TCSADRAIN : TCSANOW, &before_);
}

void RawMode::resume() {
  const termios mode = mode_for(typing_, before_);
  page_->raw = true;
  raw_ = tcsetattr(tty_, TCSANOW, &mode) == 0;
}

void RawMode::set_typing(Typing typing) {
  if (std::exchange(typing_, typing) != typing && raw_) resume();
}

void RawMode::set_undo(const std::string& sequences) {
  page_->length = 0;
  if (sequences.size() > Page::kMost) return;
  std::memcpy(page_->undo, sequences.data(), sequences.size());
  page_->length = sequences.size();
}

}  // namespace farpty::client
