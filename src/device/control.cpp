#include "device/control.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <utility>

#include "device/process_groups.hpp"

namespace farpty::device {

void Control::take(pid_t leader, pid_t group) {
  forget();
  session_ = leader;
  fg_pgrp_ = group;
  watch_leader();
}

void Control::watch_leader() {
  leader_ = OwnedFd(static_cast<int>(syscall(SYS_pidfd_open, session_, 0)));  // close-on-exec by definition
  if (!leader_) return;
  auto watched = Readiness::watch(context_, leader_.get());
  if (!watched) return leader_.reset();
  leader_ends_ = std::move(*watched);
  leader_ends_.when_readable([this] { leader_ended(); });
}

// tty_jobctrl.c: disassociate_ctty, with on_exit.
void Control::leader_ended() {
  if (old_session_ != 0)
    tell_old_group();
  else
    signal_group(fg_pgrp_, session_, SIGHUP);
  release();
  leader_gone_();
}

void Control::release() {
  session_ = fg_pgrp_ = old_session_ = old_pgrp_ = 0;
  leader_ends_ = Readiness();
  leader_.reset();
}

void Control::signal_foreground(int signal) const { signal_group(fg_pgrp_, session_, signal); }

void Control::hang_up() {
  if (session_ > 1 && getsid(session_) == session_) {
    kill(session_, SIGHUP);
    kill(session_, SIGCONT);
  }
  old_session_ = std::exchange(session_, 0);
  old_pgrp_ = std::exchange(fg_pgrp_, 0);
  if (!sees_leader()) forget();
}

void Control::tell_old_group() {
  signal_group(old_pgrp_, old_session_, SIGHUP);
  signal_group(old_pgrp_, old_session_, SIGCONT);
}

void Control::forget() {
  if (old_session_ != 0) tell_old_group();
  release();
}

}  // namespace farpty::device
