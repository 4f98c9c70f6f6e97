// SignalWarden: answers a sandbox's questions whether a signal may be sent, on kernels where Landlock cannot (before 6.12).
//
// The seccomp filter of such a sandbox lets through what it can prove from numbers, and asks about the rest: a shell that
// kills, stops or continues its jobs. All processes of a sandbox, and no others, are in its session (it has no setsid), so
// that is what the warden looks at. It sends the signal itself, by pidfd: were the call let go on, the number could mean
// another process by then (seccomp_unotify(2), "Caveats"). Only a call to the caller's own process goes on.
//
// Invariants: it never blocks; a sandbox that asks without end waits, and nobody else does.
#pragma once

#include <linux/seccomp.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "base/owned_fd.hpp"
#include "base/readiness.hpp"
#include "base/result.hpp"
#include "base/timer.hpp"

namespace farpty::pty {

class SignalWarden {
 public:
  // `listener` is of SyscallFilter::install_listening(); `session` the process id of the sandbox's first process.
  static Result<std::unique_ptr<SignalWarden>> open(boost::asio::io_context& context, OwnedFd listener, pid_t session);

 private:
  SignalWarden(boost::asio::io_context& context, OwnedFd listener, pid_t session);
  void hear();
  [[nodiscard]] bool is_asked() const;
  void answer(const seccomp_notif& question, seccomp_notif_resp& verdict);
  [[nodiscard]] bool is_own_process(const seccomp_notif& question, pid_t process) const;
  [[nodiscard]] int signal_process(pid_t process, int signal) const;
  [[nodiscard]] int signal_group(pid_t group, int signal);

  OwnedFd listener_;
  Readiness readiness_;  // after listener_: gone before it is closed
  Timer pause_;
  pid_t session_;
  std::vector<std::max_align_t> question_, verdict_;  // of the sizes that this kernel has
  unsigned spent_ = 0;                                // of the present window's budget
  std::chrono::steady_clock::time_point window_;
};

// Pass the listener from the child to the parent: a vfork child has its parent's memory but descriptors of its own.
// Sending is system calls only; 0 or an errno. Neither waits.
[[nodiscard]] int send_descriptor(int socket, int descriptor) noexcept;
[[nodiscard]] Result<OwnedFd> receive_descriptor(int socket);

}  // namespace farpty::pty
