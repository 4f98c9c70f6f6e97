// Control: whose controlling terminal it is, and which process group is in the foreground (tty_jobctrl.c).
//
// The truth is here; the slot mirrors it. Invariant: a signal goes only to groups that belong to the session at that moment.
#pragma once

#include <sys/types.h>

#include <functional>

#include <boost/asio/io_context.hpp>

#include "base/owned_fd.hpp"
#include "base/readiness.hpp"

namespace farpty::device {

class Control {
 public:
  // `leader_gone` is called from the event loop when the session's leader has ended.
  Control(boost::asio::io_context& context, std::function<void()> leader_gone)
      : context_(context), leader_gone_(std::move(leader_gone)) {}

  [[nodiscard]] pid_t session() const { return session_; }
  [[nodiscard]] pid_t fg_pgrp() const { return fg_pgrp_; }

  // proc_set_tty: the session of `leader` gets this terminal, its group comes to the foreground.
  void take(pid_t leader, pid_t group);
  void release();
  void set_foreground(pid_t group) { fg_pgrp_ = group; }

  void signal_foreground(int signal) const;
  // SIGHUP and SIGCONT to the leader and the foreground group (tty_jobctrl.c: tty_signal_session_leader).
  void signal_hangup() const;

 private:
  boost::asio::io_context& context_;
  std::function<void()> leader_gone_;
  pid_t session_ = 0;
  pid_t fg_pgrp_ = 0;
  OwnedFd leader_;
  Readiness leader_ends_;  // after leader_: gone before it is closed
};

}  // namespace farpty::device
