// SeccompCall: a system call that seccomp stopped (seccomp_unotify(2)): looks by process_vm_readv(2) and /proc, and speaks by
// the listener's ioctls.
#pragma once

#include <linux/seccomp.h>

#include <memory>

#include "device/stopped_call.hpp"

namespace farpty::device {

class SeccompCall final : public StoppedCall {
 public:
  // The listener is shared: a call may be answered late, when its process tree has ended and nobody else needs it.
  SeccompCall(std::shared_ptr<const OwnedFd> listener, const seccomp_notif& notice);

  long read(std::uint64_t from, void* to, std::size_t size) override;
  long write(std::uint64_t to, const void* from, std::size_t size) override;
  [[nodiscard]] std::optional<FileIdentity> file(int fd) const override;
  [[nodiscard]] OwnedFd copy_of(int fd) const override;
  [[nodiscard]] bool waits() const override;

  bool answer(std::int64_t result) override;
  bool let_go() override;
  int hand_out(int fd, OnExec on_exec) override;

 private:
  [[nodiscard]] int free_number() const;
  [[nodiscard]] bool has(int fd) const;

  std::shared_ptr<const OwnedFd> listener_;
  std::uint64_t id_;
};

}  // namespace farpty::device
