#include "client/user_terminal.hpp"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace farpty::client {

namespace {

// The descriptor's own terminal's foreground group is ours: only then may its modes be changed without being stopped.
bool in_foreground(int tty) { return tcgetpgrp(tty) == getpgrp(); }

}  // namespace

Result<> UserTerminal::open(Events events) {
  events_ = std::move(events);
  FARPTY_ASSIGN(ready, Readiness::watch(context_, STDIN_FILENO));
  ready_ = std::move(ready);
  for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGCONT, SIGWINCH}) signals_.add(number);
  wait_for_signal();
  return {};
}

Result<> UserTerminal::enter_raw() {
  if (isatty(STDIN_FILENO) != 1) return {};
  FARPTY_ASSIGN(raw, RawMode::enter(STDIN_FILENO));
  raw_.emplace(std::move(raw));
  return {};
}

std::optional<WindowSize> UserTerminal::size() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO}) {
    winsize cells{};
    if (ioctl(fd, TIOCGWINSZ, &cells) == 0 && cells.ws_row > 0 && cells.ws_col > 0)
      return WindowSize{.columns = cells.ws_col, .rows = cells.ws_row};
  }
  return std::nullopt;
}

UserTerminal::Typed UserTerminal::read(MutableBytes buffer) {
  pollfd ready{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  if (poll(&ready, 1, 0) != 1) return {};
  const ssize_t count = ::read(STDIN_FILENO, buffer.data(), buffer.size());
  if (count < 0 && (errno == EINTR || errno == EAGAIN)) return {};
  if (count <= 0) return {.what = Typed::What::kEnd, .bytes = {}};
  return {.what = Typed::What::kBytes, .bytes = buffer.first(static_cast<std::size_t>(count))};
}

void UserTerminal::wait_for_signal() {
  signals_.async_wait([this](const boost::system::error_code& code, int number) {
    if (code) return;
    wait_for_signal();
    handle_signal(number);
  });
}

void UserTerminal::handle_signal(int number) {
  switch (number) {
    case SIGWINCH: return events_.resized();
    case SIGTSTP: return suspend();
    case SIGCONT: return continued();
    default: events_.signalled(number);
  }
}

void UserTerminal::suspend() {
  if (raw_) raw_->leave();
  raise(SIGSTOP);  // SIGTSTP itself is ours to catch; to the shell that waits for us, stopped is stopped
  continued();
}

void UserTerminal::continued() {
  if (!raw_ || !in_foreground(STDIN_FILENO)) return;  // after bg: the next SIGCONT comes with fg
  raw_->resume();
  events_.resized();
}

void UserTerminal::cancel() {
  signals_.cancel();
  ready_.cancel();
}

}  // namespace farpty::client
