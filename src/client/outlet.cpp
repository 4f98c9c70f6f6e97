#include "client/outlet.hpp"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>

#include "base/log.hpp"

namespace farpty::client {

Result<std::unique_ptr<Outlet>> Outlet::open(boost::asio::io_context& context, int fd, std::function<void()> drained,
                                             std::size_t bound) {
  std::unique_ptr<Outlet> outlet(new Outlet(context, fd, std::move(drained), bound));
  char name[PATH_MAX];
  if (ttyname_r(fd, name, sizeof name) == 0)
    outlet->own_ = OwnedFd(::open(name, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
  return outlet;
}

// How many bytes went; 0 where it would block.
std::size_t Outlet::write_some(Bytes bytes) {
  if (!own_) {
    pollfd ready{.fd = fd_, .events = POLLOUT, .revents = 0};
    if (poll(&ready, 1, 0) != 1) return 0;
    bytes = bytes.first(std::min<std::size_t>(bytes.size(), PIPE_BUF));  // fits whole where poll saw room (pipe(7))
  }
  const ssize_t count = ::write(own_ ? own_.get() : fd_, bytes.data(), bytes.size());
  if (count >= 0) return static_cast<std::size_t>(count);
  if (errno == EAGAIN || errno == EINTR) return 0;
  broken_ = true;
  return bytes.size();
}

void Outlet::write(Bytes bytes) {
  while (waiting_.empty() && !bytes.empty() && !broken_) {
    const std::size_t count = write_some(bytes);
    if (count == 0) break;
    bytes = bytes.subspan(count);
  }
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
  while (!waiting_.empty() && !broken_) {
    const std::size_t count = write_some(waiting_.front());
    if (count == 0) await_room();
    if (count == 0 && !broken_) return;
    waiting_.pop(count);
  }
  if (broken_) waiting_.clear();
  drained_();
}

}  // namespace farpty::client
