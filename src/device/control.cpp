#include "device/control.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>

#include "device/process_groups.hpp"

namespace farpty::device {

void Control::take(pid_t leader, pid_t group) {
  release();
  session_ = leader;
  fg_pgrp_ = group;
  leader_ = OwnedFd(static_cast<int>(syscall(SYS_pidfd_open, leader, 0)));  // close-on-exec by definition
  if (!leader_) return;  // an old kernel: the session ends when its master side says so
  auto watched = Readiness::watch(context_, leader_.get());
  if (!watched) return;
  leader_ends_ = std::move(*watched);
  leader_ends_.when_readable([this] { leader_gone_(); });
}

void Control::release() {
  session_ = fg_pgrp_ = 0;
  leader_ends_ = Readiness();
  leader_.reset();
}

void Control::signal_foreground(int signal) const { signal_group(fg_pgrp_, session_, signal); }

void Control::signal_hangup() const {
  if (session_ <= 1) return;
  if (getsid(session_) == session_) {
    kill(session_, SIGHUP);
    kill(session_, SIGCONT);
  }
  signal_group(fg_pgrp_, session_, SIGHUP);
  signal_group(fg_pgrp_, session_, SIGCONT);
}

}  // namespace farpty::device
