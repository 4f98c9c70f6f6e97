#include "pty/outliving.hpp"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>

#include "base/log.hpp"
#include "pty/launch.hpp"

namespace farpty::pty {

namespace {

// Of the server's descriptors it holds none but those: a door's socket or a terminal's master, held here, would never close.
// They are moved to the lowest numbers; the standard ones too are given away.
bool keep_only(std::vector<pollfd>& listeners) {
  constexpr unsigned kFirst = 3;
  for (pollfd& listener : listeners)
    if (listener.fd < static_cast<int>(kFirst)) listener.fd = fcntl(listener.fd, F_DUPFD_CLOEXEC, kFirst);
  std::ranges::sort(listeners, {}, &pollfd::fd);
  unsigned next = kFirst;
  for (pollfd& listener : listeners) {
    if (static_cast<unsigned>(listener.fd) != next && dup2(listener.fd, static_cast<int>(next)) < 0) return false;
    listener.fd = static_cast<int>(next++);
  }
  return syscall(SYS_close_range, 0U, kFirst - 1, 0U) == 0 && syscall(SYS_close_range, next, ~0U, 0U) == 0;
}

void let_one_go(int listener, std::vector<std::max_align_t>& room) {
  auto& notice = *reinterpret_cast<seccomp_notif*>(room.data());
  std::ranges::fill(room, std::max_align_t{});  // the kernel insists
  if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &notice) != 0) return;
  seccomp_notif_resp word{};
  word.id = notice.id;
  word.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &word);
}

// All signals are held: it ends by itself.
[[noreturn]] void let_all_go(std::vector<pollfd>& listeners, std::vector<std::max_align_t>& room) {
  setsid();
  prctl(PR_SET_NAME, "farpty-outlived");
  if (!keep_only(listeners)) _exit(1);
  while (!listeners.empty()) {
    if (poll(listeners.data(), listeners.size(), -1) < 0 && errno != EINTR) break;
    for (const pollfd& listener : listeners)
      if ((listener.revents & POLLIN) != 0) let_one_go(listener.fd, room);
    std::erase_if(listeners, [](const pollfd& listener) { return (listener.revents & ~POLLIN) != 0; });
  }
  _exit(0);
}

}  // namespace

void let_programs_outlive(const std::vector<std::shared_ptr<const OwnedFd>>& listeners) {
  seccomp_notif_sizes sizes{};
  if (listeners.empty() || syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) != 0) return;
  std::vector<pollfd> polled;
  for (const auto& listener : listeners) polled.push_back({.fd = listener->get(), .events = POLLIN, .revents = 0});
  std::vector<std::max_align_t> room(
      std::max<std::size_t>(sizes.seccomp_notif, sizeof(seccomp_notif)) / sizeof(std::max_align_t) + 1);
  const SignalsHeld held;
  const pid_t between = fork();
  if (between == 0) {
    // A child of nobody here, or the server would have to wait for it.
    const pid_t child = fork();
    if (child == 0) let_all_go(polled, room);
    _exit(child < 0 ? 1 : 0);
  }
  if (between < 0)
    return log::warn("programs without a libc that outlive their terminal will fail: {}", reason_of(errno));
  while (waitpid(between, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace farpty::pty
