// Control: whose controlling terminal it is, and which process group is in the foreground (tty_jobctrl.c).
//
// The truth is here; the slot mirrors it. A session of which the terminal was taken away is remembered until its leader
// ends: the group that was in the foreground is told then (struct signal_struct: tty_old_pgrp).
// Invariant: a signal goes only to groups that belong to the session at that moment.
#pragma once

#include <sys/types.h>

#include <functional>

#include <boost/asio/io_context.hpp>

#include "base/owned_fd.hpp"
#include "base/readiness.hpp"

namespace farpty::device {

class Control {
 public:
  // `leader_gone` is called from the event loop when the session's leader has ended and nothing is remembered any more.
  Control(boost::asio::io_context& context, std::function<void()> leader_gone)
      : context_(context), leader_gone_(std::move(leader_gone)) {}

  [[nodiscard]] pid_t session() const { return session_; }
  [[nodiscard]] pid_t fg_pgrp() const { return fg_pgrp_; }
  // The leader's end will be seen (pidfd_open(2), Linux 5.3).
  [[nodiscard]] bool sees_leader() const { return static_cast<bool>(leader_); }

  // proc_set_tty: the session of `leader` gets this terminal, its group comes to the foreground.
  void take(pid_t leader, pid_t group);
  void release();
  void set_foreground(pid_t group) { fg_pgrp_ = group; }

  void signal_foreground(int signal) const;
  // The terminal is hung up, the session has none any more: SIGHUP and SIGCONT to the leader (tty_jobctrl.c:
  // tty_signal_session_leader), and to the foreground group when the leader has ended.
  void hang_up();
  // Nobody will be there to see the leader's end: tells the foreground group at once.
  void forget();

 private:
  void watch_leader();
  void leader_ended();
  void tell_old_group();

  boost::asio::io_context& context_;
  std::function<void()> leader_gone_;
  pid_t session_ = 0;
  pid_t fg_pgrp_ = 0;
  pid_t old_session_ = 0, old_pgrp_ = 0;  // since a hang-up, until the leader ends
  OwnedFd leader_;
  Readiness leader_ends_;  // after leader_: gone before it is closed
};

}  // namespace farpty::device
