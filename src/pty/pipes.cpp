#include "pty/pipes.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>

namespace farpty::pty {

namespace {

struct Pipe {
  OwnedFd read, write;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return os_error("cannot make", "a pipe");
  return Pipe{.read = OwnedFd(ends[0]), .write = OwnedFd(ends[1])};
}

// Only our end: O_NONBLOCK lives in the open description, and each end of a pipe is one of its own (pipe(7)).
Result<> set_nonblocking(int fd) {
  if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0) return os_error("cannot set flags of", "a pipe");
  return {};
}

}  // namespace

Result<Started> Pipes::start(boost::asio::io_context& context, const Program& program) {
  FARPTY_ASSIGN(in, make_pipe());
  FARPTY_ASSIGN(out, make_pipe());
  FARPTY_TRY(set_nonblocking(in.write.get()));
  FARPTY_TRY(set_nonblocking(out.read.get()));
  FARPTY_ASSIGN(in_ready, Readiness::watch(context, in.write.get()));
  FARPTY_ASSIGN(out_ready, Readiness::watch(context, out.read.get()));
  FARPTY_ASSIGN(spawned, spawn(program, {.in = in.read.get(), .out = out.write.get(), .err = out.write.get()}));
  std::unique_ptr<Pipes> pipes(new Pipes);
  pipes->in_ready_ = std::move(in_ready);
  pipes->out_ready_ = std::move(out_ready);
  pipes->in_ = std::move(in.write);
  pipes->out_ = std::move(out.read);
  pipes->leader_ = spawned.leader;
  return Started{.terminal = std::move(pipes), .child = std::move(spawned)};
}

Transfer Pipes::read(MutableBytes into) {
  ssize_t count = 0;
  do count = ::read(out_.get(), into.data(), into.size());
  while (count < 0 && errno == EINTR);  // an edge must not be lost to a signal
  if (count >= 0) return {.count = static_cast<std::size_t>(count), .code = count == 0 ? EIO : 0};
  return {.code = errno};
}

Transfer Pipes::write(Bytes from) {
  if (!in_) return {.code = EIO};
  const ssize_t count = ::write(in_.get(), from.data(), from.size());
  if (count >= 0) return {.count = static_cast<std::size_t>(count)};
  return {.code = errno == EINTR ? EAGAIN : errno == EPIPE ? EIO : errno};
}

void Pipes::when_writable(std::function<void()> then) {
  if (in_) in_ready_.when_writable(std::move(then));
}

void Pipes::end_input() {
  in_ready_ = Readiness();
  in_.reset();
}

// No terminal, so no kernel that would send the signal.
void Pipes::hangup() {
  end_input();
  out_ready_ = Readiness();
  out_.reset();
  if (leader_ > 1) kill(-leader_, SIGHUP);
}

}  // namespace farpty::pty
