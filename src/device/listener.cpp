#include "device/listener.hpp"

#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string_view>

#include "device/seccomp_call.hpp"

namespace farpty::device {

namespace {

// <linux/seccomp.h> of Linux 6.6: the two processes take turns on one processor, which saves a wake-up on another.
constexpr unsigned long kSetFlags = SECCOMP_IOW(4, std::uint64_t);
constexpr std::uint64_t kSyncWakeUp = 1;

// What is sent to us as a listener could be any file; its ioctls would then mean something else.
bool is_listener(int fd) {
  char path[32], target[64];
  std::snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  const ssize_t size = readlink(path, target, sizeof target);
  return size > 0 && std::string_view(target, static_cast<std::size_t>(size)) == "anon_inode:seccomp notify";
}

}  // namespace

Result<std::unique_ptr<Listener>> Listener::open(boost::asio::io_context& context, OwnedFd listener, Serve serve,
                                                 std::function<void()> unused) {
  if (!listener || !is_listener(listener.get()))
    return failure("cannot listen to", "a program", "what it sent is no listener");
  seccomp_notif_sizes sizes{};
  if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) != 0) return os_error("cannot listen to", "a program");
  ioctl(listener.get(), kSetFlags, kSyncWakeUp);  // an old kernel does without
  std::unique_ptr<Listener> made(new Listener(context, std::move(listener), std::move(serve), std::move(unused)));
  const std::size_t size = std::max<std::size_t>(sizes.seccomp_notif, sizeof(seccomp_notif));
  made->notice_.resize(size / sizeof(std::max_align_t) + 1);
  FARPTY_ASSIGN(ready, Readiness::watch(context, made->listener_->get()));
  made->ready_ = std::move(ready);
  made->next_round_.run([self = made.get()] { self->hear(); });  // somebody may be waiting already
  return made;
}

Listener::Listener(boost::asio::io_context& context, OwnedFd listener, Serve serve, std::function<void()> unused)
    : listener_(std::make_shared<const OwnedFd>(std::move(listener))),
      serve_(std::move(serve)),
      unused_(std::move(unused)),
      next_round_(context) {}

std::shared_ptr<const OwnedFd> Listener::release() {
  next_round_.cancel();
  ready_ = Readiness();
  return listener_;
}

short Listener::poll_now() const {
  pollfd one{.fd = listener_->get(), .events = POLLIN, .revents = 0};
  return poll(&one, 1, 0) > 0 ? one.revents : short{0};
}

// A receive waits where there is nothing, so poll(2) is asked before each; one whose asker was killed meanwhile fails with
// ENOENT and does not wait.
void Listener::hear() {
  auto& notice = *reinterpret_cast<seccomp_notif*>(notice_.data());
  for (int i = 0; i < kAtOnce; ++i) {
    const short events = poll_now();
    if ((events & POLLIN) == 0) {
      if ((events & POLLHUP) != 0) return unused_();  // no process with the filter is left
      return ready_.when_readable([this] { hear(); });
    }
    std::ranges::fill(notice_, std::max_align_t{});  // the kernel insists
    if (ioctl(listener_->get(), SECCOMP_IOCTL_NOTIF_RECV, &notice) != 0) continue;
    serve_(std::make_shared<SeccompCall>(listener_, notice));
  }
  next_round_.run([this] { hear(); });
}

}  // namespace farpty::device
