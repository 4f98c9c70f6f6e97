// SyscallFilter: which system calls a sandboxed program may make, as classic BPF for seccomp(2).
//
// Landlock governs the opening and changing of files; everything through which a program could reach past that is
// refused here: sockets, other processes, the kernel's own doors, and file metadata by path. Refused is what is known
// to reach out, and every system call newer than those that were looked at (ENOSYS: as on an older kernel, for which
// programs have a way).
//
// Invariant: an argument is compared as the kernel reads it: an int by its low 32 bits only (CVE-2017-5226,
// CVE-2019-10063). No allocation: signal_filter() runs between vfork and exec.
#pragma once

#include <linux/filter.h>
#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace farpty::pty {

class SyscallFilter {
 public:
  // Opens with the checks that every filter of ours makes: this architecture only (a call of another one kills the
  // process), not x32, nothing newer than what was reviewed.
  SyscallFilter() noexcept;

  void deny(long number, int code) noexcept;

  // begin(), tests, end(): the tests are run for calls of this number; the first that holds decides, else end()'s
  // verdict.
  void begin(long number) noexcept;
  void load(unsigned argument) noexcept;       // the low 32 bits
  void load_high(unsigned argument) noexcept;  // the high 32 bits
  void keep(std::uint32_t bits) noexcept;
  void if_equal(std::uint32_t value, std::uint32_t verdict) noexcept;
  void if_not_equal(std::uint32_t value, std::uint32_t verdict) noexcept;
  void if_any_of(std::uint32_t bits, std::uint32_t verdict) noexcept;
  void end(std::uint32_t verdict) noexcept;

  // The last instruction: what no rule named is allowed.
  void allow_rest() noexcept;

  // seccomp(2) for this thread; needs no_new_privs. 0 or an errno; E2BIG where the rules did not fit.
  [[nodiscard]] int install() const noexcept;
  // The same, for a filter that asks: a descriptor (close-on-exec) on which the asked are to be heard, or a negative errno.
  [[nodiscard]] int install_listening() const noexcept;

  static std::uint32_t allow() noexcept;
  static std::uint32_t refuse(int code) noexcept;  // the call fails with this errno
  static std::uint32_t ask() noexcept;             // the call waits for whoever listens (seccomp_unotify(2))

 private:
  void emit(sock_filter instruction) noexcept;
  [[nodiscard]] long install_with(unsigned flags) const noexcept;

  static constexpr std::size_t kCapacity = 400;  // the filter of sandbox_filter() has about 300
  std::array<sock_filter, kCapacity> code_{};
  std::size_t count_ = 0;
  std::size_t block_ = 0;  // index of the jump that opened the present block
};

// The filter of every sandboxed program. `landlock_abi`: below 3 truncate(2) by path is refused here.
[[nodiscard]] SyscallFilter sandbox_filter(int landlock_abi);

// For kernels whose Landlock has no scopes (ABI below 6): a signal may go to the sender's own process group, to the
// process `leader` and to the group of that number. No more can be proven from a call's arguments; `otherwise` is the
// verdict on other targets: refuse(EPERM), or ask() where a SignalWarden listens.
[[nodiscard]] SyscallFilter signal_filter(pid_t leader, std::uint32_t otherwise) noexcept;

}  // namespace farpty::pty
