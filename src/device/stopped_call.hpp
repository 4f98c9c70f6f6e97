// StoppedCall: a system call of a program without the shim, before the kernel has seen it. The thread waits until a word is
// said: an answer, a descriptor, or that the kernel may do it.
//
// An interface, so that what each call means can be tried without a kernel that stops anything; seccomp_call.hpp is the real
// one. A signal may take the thread away at any moment: then nothing that is said reaches anybody, and the call begins anew.
// Nothing here is to be trusted but `thread`: numbers and memory are the program's.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/owned_fd.hpp"

namespace farpty::device {

struct FileIdentity {
  std::uint64_t device = 0, inode = 0;
  bool operator==(const FileIdentity&) const = default;
};

enum class OnExec : std::uint8_t { kKeep, kClose };

class StoppedCall {
 public:
  using Arguments = std::array<std::uint64_t, 6>;

  StoppedCall(int number, const Arguments& arguments, pid_t thread)
      : number(number), arguments(arguments), thread(thread) {}
  StoppedCall(const StoppedCall&) = delete;
  StoppedCall& operator=(const StoppedCall&) = delete;
  virtual ~StoppedCall() = default;

  const int number;
  const Arguments arguments;
  const pid_t thread;  // as this process counts

  [[nodiscard]] int descriptor() const { return static_cast<int>(arguments[0]); }

  // -- looking at the program

  // Memory: bytes copied, as far as there were any, or a negative errno: EFAULT, EPERM (not ours to look into), ESRCH.
  virtual long read(std::uint64_t from, void* to, std::size_t size) = 0;
  virtual long write(std::uint64_t to, const void* from, std::size_t size) = 0;
  [[nodiscard]] virtual std::optional<FileIdentity> file(int fd) const = 0;
  // A duplicate of one of its descriptors.
  [[nodiscard]] virtual OwnedFd copy_of(int fd) const = 0;
  // Whether the thread still waits in this call: what was read before belongs to it then.
  [[nodiscard]] virtual bool waits() const = 0;

  // -- the word: one of these, once; whether it has arrived

  virtual bool answer(std::int64_t result) = 0;
  virtual bool let_go() = 0;
  // The call returns a duplicate of `fd` (lent). Its number there, or a negative errno, which was answered.
  virtual int hand_out(int fd, OnExec on_exec) = 0;
};

}  // namespace farpty::device
