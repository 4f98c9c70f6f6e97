// Children: tells when a started program has ended, and how.
//
// By pidfd (pidfd_open(2), Linux 5.3), one readiness for each child; where that call is missing (old kernels, gVisor) by
// SIGCHLD and waitpid(2) behind the same interface. Invariant: each child is reaped exactly once, and no other process's.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include "base/owned_fd.hpp"
#include "base/readiness.hpp"
#include "base/result.hpp"
#include "pty/plain.hpp"

namespace farpty::pty {

enum class ChildWatch { kPidfdElseSignal, kSignal };

class Children {
 public:
  explicit Children(boost::asio::io_context& context, ChildWatch method = ChildWatch::kPidfdElseSignal);

  // Calls `ended` once from the event loop when the child `pid` of this process has ended and was reaped.
  Result<> watch(pid_t pid, std::function<void(ExitStatus)> ended);

  // Reaps the child silently, whenever it ends.
  void forget(pid_t pid);

  [[nodiscard]] std::size_t count() const { return watched_.size(); }

 private:
  struct Watched {
    std::function<void(ExitStatus)> ended;
    OwnedFd pidfd;
    Readiness readiness;  // after pidfd: gone before it is closed
  };
  void wait_for_signal();
  void reap(pid_t pid);

  boost::asio::io_context& context_;
  boost::asio::signal_set signals_;
  ChildWatch method_;
  bool waiting_for_signal_ = false;
  std::unordered_map<pid_t, Watched> watched_;
};

}  // namespace farpty::pty
