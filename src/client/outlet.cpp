#include "client/outlet.hpp"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/log.hpp"
#include "client/reopen.hpp"

namespace farpty::client {

namespace {

// A description of our own of what `fd` stands for, which may be non-blocking; none where it cannot be had.
OwnedFd opened_anew(int fd) {
  char name[PATH_MAX];
  if (ttyname_r(fd, name, sizeof name) == 0) return OwnedFd(::open(name, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
  struct stat status{};
  if (fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode)) return reopen_pipe(fd);
  return {};
}

// poll(2) would always say that it takes more.
bool never_waits(int fd) {
  struct stat status{};
  return fstat(fd, &status) == 0 && (S_ISREG(status.st_mode) || is_memory_device(status));
}

}  // namespace

Result<std::unique_ptr<Outlet>> Outlet::open(boost::asio::io_context& context, int fd, std::function<void()> drained,
                                             std::size_t bound) {
  std::unique_ptr<Outlet> outlet(new Outlet(context, fd, std::move(drained), bound));
  outlet->own_ = opened_anew(fd);
  outlet->asks_ = !outlet->own_ && !never_waits(fd);
  return outlet;
}

// As many as go now. A terminal or pipe of our own that took a part has no room for the rest (n_tty.c: n_tty_write; pipe(7)):
// it is not asked once more, for when some of it was read there will be an edge.
std::size_t Outlet::write_some(Bytes bytes) {
  std::size_t written = 0;
  while (written < bytes.size() && !(own_ && written > 0)) {
    Bytes some = bytes.subspan(written);
    if (asks_) {
      pollfd ready{.fd = fd_, .events = POLLOUT, .revents = 0};
      if (poll(&ready, 1, 0) != 1) break;
      some = some.first(std::min<std::size_t>(some.size(), PIPE_BUF));  // fits whole where poll saw room (pipe(7))
    }
    const ssize_t count = ::write(own_ ? own_.get() : fd_, some.data(), some.size());
    if (count < 0 && errno != EAGAIN && errno != EINTR) {
      broken_ = true;
      return bytes.size();
    }
    if (count <= 0) break;
    written += static_cast<std::size_t>(count);
  }
  return written;
}

void Outlet::write(Bytes bytes) {
  if (waiting_.empty() && !broken_) bytes = bytes.subspan(write_some(bytes));
  if (bytes.empty() || broken_) return;
  const bool waits = !waiting_.empty();
  (void)waiting_.push(bytes);  // the caller asked room()
  if (!waits) await_room();
}

void Outlet::await_room() {
  if (!readiness_) {
    auto watched = Readiness::watch(context_, own_ ? own_.get() : fd_);
    if (!watched) {
      log::error("{}", watched.error().message());
      broken_ = true;
      return;
    }
    readiness_ = std::move(*watched);
  }
  readiness_->when_writable([this] { flush(); });
}

void Outlet::flush() {
  waiting_.pop(write_some(waiting_.front()));
  if (broken_) waiting_.clear();
  if (!waiting_.empty()) return await_room();
  drained_();
}

}  // namespace farpty::client
