#include "base/process_handle.hpp"

#include <fcntl.h>
#include <sys/event.h>

#include <csignal>

namespace farpty {

// kqueue(2), EVFILT_PROC: the queue itself is what poll(2) waits for.
std::optional<ProcessHandle> ProcessHandle::open(pid_t pid) {
  OwnedFd queue(kqueue());
  if (!queue || fcntl(queue.get(), F_SETFD, FD_CLOEXEC) != 0) return std::nullopt;
  struct kevent end{};
  EV_SET(&end, pid, EVFILT_PROC, EV_ADD, NOTE_EXIT, 0, nullptr);
  if (kevent(queue.get(), &end, 1, nullptr, 0, nullptr) != 0) return std::nullopt;
  return ProcessHandle(pid, std::move(queue));
}

// By its number, as there is no other way here: it may end, and the number be given away, between the two calls.
bool ProcessHandle::terminate() const { return !ends_within(std::chrono::milliseconds(0)) && kill(pid_, SIGTERM) == 0; }

}  // namespace farpty
