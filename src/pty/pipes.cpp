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

Result<Started> Pipes::start(boost::asio::io_context& context, const Program& program, Errors errors) {
  FARPTY_ASSIGN(in, make_pipe());
  FARPTY_ASSIGN(out, make_pipe());
  FARPTY_TRY(set_nonblocking(in.write.get()));
  FARPTY_TRY(set_nonblocking(out.read.get()));
  FARPTY_ASSIGN(in_ready, Readiness::watch(context, in.write.get()));
  FARPTY_ASSIGN(out_ready, Readiness::watch(context, out.read.get()));
  std::unique_ptr<Pipes> pipes(new Pipes);
  Pipe err;
  if (errors == Errors::kApart) {
    FARPTY_ASSIGN(made, make_pipe());
    FARPTY_TRY(set_nonblocking(made.read.get()));
    FARPTY_ASSIGN(err_ready, Readiness::watch(context, made.read.get()));
    err = std::move(made);
    pipes->err_ = {.fd = std::move(err.read), .ready = std::move(err_ready)};
    pipes->apart_ = true;
  }
  const int err_fd = pipes->apart_ ? err.write.get() : out.write.get();
  FARPTY_ASSIGN(spawned, spawn(program, {.in = in.read.get(), .out = out.write.get(), .err = err_fd}));
  pipes->in_ready_ = std::move(in_ready);
  pipes->in_ = std::move(in.write);
  pipes->out_ = {.fd = std::move(out.read), .ready = std::move(out_ready)};
  pipes->leader_ = spawned.leader;
  return Started{.terminal = std::move(pipes), .child = std::move(spawned)};
}

Transfer Pipes::read(Source& source, MutableBytes into) {
  if (!source.fd) return {.code = EIO};
  // What the program writes meanwhile goes along: it and its reader take turns less often.
  std::size_t filled = 0;
  while (filled < into.size()) {
    const ssize_t count = ::read(source.fd.get(), into.data() + filled, into.size() - filled);
    if (count < 0 && errno == EINTR) continue;  // an edge must not be lost to a signal
    if (count <= 0 && filled == 0) return {.code = count == 0 ? EIO : errno};
    if (count <= 0) break;
    filled += static_cast<std::size_t>(count);
  }
  return {.count = filled};
}

// With two pipes only EAGAIN of both tells that nothing is left: the edge of the other one may be over.
Transfer Pipes::read(MutableBytes into) {
  Transfer got = read(out_, into);
  if (!apart_) return got;
  if (got.code == 0) {
    got.more = true;
    return got;
  }
  Transfer errors = read(err_, into);
  errors.stream = Stream::kErrors;
  errors.more = errors.code == 0;
  if (errors.code == EIO && got.code == EAGAIN) errors.code = EAGAIN;  // only when both have ended it is the end
  return errors;
}

void Pipes::when_readable(std::function<void()> then) {
  if (err_.fd) err_.ready.when_readable(then);
  if (out_.fd) out_.ready.when_readable(std::move(then));
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
  for (Source* source : {&out_, &err_}) {
    source->ready = Readiness();
    source->fd.reset();
  }
  if (leader_ > 1) kill(-leader_, SIGHUP);
}

}  // namespace farpty::pty
