#include "pty/children.hpp"

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <vector>

#include <boost/asio/post.hpp>

#include "base/signal_name.hpp"

namespace farpty::pty {

std::string ExitStatus::text() const {
  if (signal == 0) return "exit status " + std::to_string(code);
  const char* name = signal_name(signal);
  return "killed by signal " + std::to_string(signal) + (name != nullptr ? " (SIG" + std::string(name) + ")" : "");
}

Children::Children(boost::asio::io_context& context, ChildWatch method)
    : context_(context), signals_(context), method_(method) {}

Result<> Children::watch(pid_t pid, std::function<void(ExitStatus)> ended) {
  Watched& child = watched_[pid];
  child.ended = std::move(ended);
  if (method_ == ChildWatch::kPidfdElseSignal) {
    child.pidfd = OwnedFd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));  // close-on-exec by definition
    if (child.pidfd) {
      auto readiness = Readiness::watch(context_, child.pidfd.get());
      if (readiness) {
        child.readiness = std::move(*readiness);
        child.readiness.when_readable([this, pid] { reap(pid); });
        return {};
      }
    }
    // ENOSYS, a filter's EPERM, or no descriptor left: this child is watched by signal.
  }
  wait_for_signal();
  boost::asio::post(context_, [this, pid] { reap(pid); });  // it may have ended before the signal was asked for
  return {};
}

void Children::forget(pid_t pid) {
  if (const auto found = watched_.find(pid); found != watched_.end()) found->second.ended = nullptr;
}

void Children::wait_for_signal() {
  if (waiting_for_signal_) return;
  waiting_for_signal_ = true;
  boost::system::error_code ignored;
  signals_.add(SIGCHLD, ignored);
  signals_.async_wait([this](const boost::system::error_code& code, int) {
    waiting_for_signal_ = false;
    if (code) return;
    wait_for_signal();
    // One SIGCHLD may stand for several children, and only ours are asked for.
    std::vector<pid_t> pids;
    for (const auto& [pid, child] : watched_)
      if (!child.pidfd) pids.push_back(pid);
    for (const pid_t pid : pids) reap(pid);
  });
}

void Children::reap(pid_t pid) {
  const auto found = watched_.find(pid);
  if (found == watched_.end()) return;
  int status = 0;
  const pid_t got = waitpid(pid, &status, WNOHANG);
  if (got == 0) {
    if (found->second.pidfd) found->second.readiness.when_readable([this, pid] { reap(pid); });
    return;
  }
  ExitStatus how;
  if (got == pid && WIFSIGNALED(status)) how.signal = WTERMSIG(status);
  if (got == pid && WIFEXITED(status)) how.code = WEXITSTATUS(status);
  const auto child = watched_.extract(found);  // its descriptor is closed after the call: somebody waits for that
  if (child.mapped().ended) child.mapped().ended(how);
}

}  // namespace farpty::pty
