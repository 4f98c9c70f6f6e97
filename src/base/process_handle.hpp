// ProcessHandle: another process, and never one that was given its number later.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>

#include "base/owned_fd.hpp"

namespace farpty {

class ProcessHandle {
 public:
  // Nothing where there is no such process, or where the kernel has no such handles (pidfd_open(2): Linux 5.3, not gVisor).
  static std::optional<ProcessHandle> open(pid_t pid);

  // Whether it has ended or does so within this time.
  [[nodiscard]] bool ends_within(std::chrono::milliseconds time) const;
  // SIGTERM; whether it could be sent.
  [[nodiscard]] bool terminate() const;

 private:
  ProcessHandle(pid_t pid, OwnedFd fd) : pid_(pid), end_(std::move(fd)) {}
  pid_t pid_;
  OwnedFd end_;  // readable when it has ended
};

}  // namespace farpty
