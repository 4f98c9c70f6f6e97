#include "app/local_viewer.hpp"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <csignal>

namespace farpty::app {

namespace {
constexpr std::size_t kRead = 4096;
}

std::optional<WindowSize> LocalViewer::terminal_size() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO}) {
    winsize cells{};
    if (ioctl(fd, TIOCGWINSZ, &cells) == 0 && cells.ws_row > 0 && cells.ws_col > 0)
      return WindowSize{.columns = cells.ws_col, .rows = cells.ws_row};
  }
  return std::nullopt;
}

Result<> LocalViewer::open() {
  FARPTY_ASSIGN(in, Readiness::watch(context_, STDIN_FILENO));
  in_ready_ = std::move(in);
  FARPTY_ASSIGN(out, client::Outlet::open(context_, STDOUT_FILENO, [this] {
                  if (over_) return leave_if_done();
                  if (seat_ != nullptr) seat_->output_wanted();
                }));
  out_ = std::move(out);
  for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGCONT, SIGWINCH}) signals_.add(number);
  wait_for_signal();
  if (isatty(STDIN_FILENO) == 1) {
    FARPTY_ASSIGN(raw, client::RawMode::enter(STDIN_FILENO));
    raw_.emplace(std::move(raw));
  }
  return {};
}

int LocalViewer::run(session::Session& session) {
  seat_ = &session.attach(*this);
  read_input();
  context_.run();
  raw_.reset();
  return status_;
}

void LocalViewer::output(Bytes bytes) {
  out_->write(bytes);
  // Its reader has gone, as of a pipe: whoever writes there is told so by a signal.
  if (out_->broken() && seat_ != nullptr) seat_->session().finish(session::Cause::kPeerGone);
}

bool LocalViewer::input_waits() const {
  pollfd ready{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  return !input_ended_ && poll(&ready, 1, 0) == 1;
}

// stdin is read only where poll(2) says so: it blocks, for its flags belong to others as well.
void LocalViewer::read_input() {
  while (seat_ != nullptr && !input_ended_) {
    if (seat_->input_room() < kRead) return;  // input_wanted() comes
    pollfd ready{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    if (poll(&ready, 1, 0) != 1) break;
    std::array<std::byte, kRead> buffer;
    const ssize_t count = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) break;
    if (count <= 0) {
      input_ended_ = true;
      if (raw_)
        seat_->session().finish(session::Cause::kPeerGone);  // the terminal itself is gone
      else
        seat_->end_input();
      return;
    }
    seat_->input(Bytes(buffer).first(static_cast<std::size_t>(count)));
  }
  if (seat_ != nullptr && !input_ended_) in_ready_.when_readable([this] { read_input(); });
}

void LocalViewer::ended(const session::End& end) {
  seat_ = nullptr;
  status_ = end.cause == session::Cause::kProgramEnded ? end.status.shell_code() : status_;
  over_ = true;
  leave_if_done();
}

void LocalViewer::leave_if_done() {
  if (out_->empty() || out_->broken()) context_.stop();
}

void LocalViewer::wait_for_signal() {
  signals_.async_wait([this](const boost::system::error_code& code, int number) {
    if (code) return;
    wait_for_signal();
    handle_signal(number);
  });
}

void LocalViewer::handle_signal(int number) {
  if (seat_ == nullptr) return;
  switch (number) {
    case SIGWINCH:
      if (const auto size = terminal_size()) seat_->resize(*size);
      return;
    case SIGTSTP: return suspend();
    case SIGCONT: return continued();
    // Sent to us, not typed: typed ones reach the program through its terminal.
    case SIGINT: return seat_->type(pty::ControlCharacter::kInterrupt);
    case SIGQUIT: return seat_->type(pty::ControlCharacter::kQuit);
    default: status_ = 128 + number; seat_->session().finish(session::Cause::kServerStopping);
  }
}

// As farpty connect does: the user's terminal is the shell's meanwhile; the program runs on.
void LocalViewer::suspend() {
  if (raw_) raw_->leave();
  raise(SIGSTOP);  // SIGTSTP itself is ours to catch; to the shell that waits for us, stopped is stopped
  continued();
}

void LocalViewer::continued() {
  if (!raw_ || tcgetpgrp(STDIN_FILENO) != getpgrp()) return;  // after bg: the next SIGCONT comes with fg
  raw_->resume();
  const auto size = terminal_size();
  if (size && seat_ != nullptr) seat_->resize(*size);
}

}  // namespace farpty::app
