#include "base/process_handle.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>

namespace farpty {

std::optional<ProcessHandle> ProcessHandle::open(pid_t pid) {
  OwnedFd fd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  if (!fd) return std::nullopt;
  return ProcessHandle(pid, std::move(fd));
}

bool ProcessHandle::terminate() const { return syscall(SYS_pidfd_send_signal, end_.get(), SIGTERM, nullptr, 0) == 0; }

}  // namespace farpty
