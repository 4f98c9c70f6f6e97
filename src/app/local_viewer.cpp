#include "app/local_viewer.hpp"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <csignal>

namespace farpty::app {

namespace {
constexpr std::size_t kRead = 4096;
constexpr int kReadsPerRound = 16;  // input without an end leaves each round to the program and to signals
constexpr int kNotRecorded = 125;   // a failure of our own, as env(1) tells it
}  // namespace

Result<> LocalViewer::open() {
  FARPTY_ASSIGN(out, client::Outlet::open(context_, STDOUT_FILENO, [this] {
                  if (over_) return leave_if_done();
                  if (seat_ != nullptr) seat_->output_wanted();
                }));
  out_ = std::move(out);
  FARPTY_TRY(
      user_.open({.resized = [this] { window_changed(); }, .signalled = [this](int number) { signalled(number); }}));
  return user_.enter_raw();
}

int LocalViewer::run(session::Session& session) {
  seat_ = &session.attach(*this);
  read_input();
  context_.run();
  user_.leave_raw();
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

void LocalViewer::read_input() {
  for (int reads = 0; seat_ != nullptr && !input_ended_; ++reads) {
    if (seat_->input_room() < kRead) return;  // input_wanted() comes
    if (reads == kReadsPerRound) return next_round_.run([this] { read_input(); });
    std::array<std::byte, kRead> buffer;
    const auto got = client::UserTerminal::read(buffer);
    if (got.what == client::UserTerminal::Typed::What::kNothing) break;
    if (got.what == client::UserTerminal::Typed::What::kEnd) {
      input_ended_ = true;
      if (user_.raw() != nullptr)
        seat_->session().finish(session::Cause::kPeerGone);  // the terminal itself is gone
      else
        seat_->end_input();
      return;
    }
    seat_->input(got.bytes);
  }
  if (seat_ != nullptr && !input_ended_) user_.when_typed([this] { read_input(); });
}

void LocalViewer::ended(const session::End& end) {
  seat_ = nullptr;
  if (end.cause == session::Cause::kProgramEnded) status_ = end.status.shell_code();
  if (end.cause == session::Cause::kNotRecorded) status_ = kNotRecorded;
  over_ = true;
  leave_if_done();
}

void LocalViewer::leave_if_done() {
  if (out_->empty() || out_->broken()) context_.stop();
}

void LocalViewer::window_changed() {
  const auto size = client::UserTerminal::size();
  if (size && seat_ != nullptr) seat_->resize(*size);
}

void LocalViewer::signalled(int number) {
  if (seat_ == nullptr) return;
  switch (number) {
    // Sent to us, not typed: typed ones reach the program through its terminal.
    case SIGINT: return seat_->type(pty::ControlCharacter::kInterrupt);
    case SIGQUIT: return seat_->type(pty::ControlCharacter::kQuit);
    default: status_ = 128 + number; seat_->session().finish(session::Cause::kServerStopping);
  }
}

}  // namespace farpty::app
