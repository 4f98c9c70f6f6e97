// Session: a terminal with a program on it and the viewer that it is shown to. It carries bytes both ways with bounded
// queues, and decides when it is over.
//
// It is not a protocol (doors encode) and not a terminal (pty/). Invariants: output is never read from the terminal faster
// than the viewer takes it; input never waits in more than kMaxInput bytes; ended() reaches the viewer exactly once.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/byte_queue.hpp"
#include "base/later.hpp"
#include "base/owned_fd.hpp"
#include "base/result.hpp"
#include "pty/children.hpp"
#include "pty/process_table.hpp"
#include "pty/rlimits.hpp"
#include "pty/sandbox.hpp"
#include "pty/terminal.hpp"
#include "session/viewer.hpp"

namespace farpty::session {

using Clock = std::chrono::steady_clock;

// Typed bytes that the terminal did not take yet. A canonical line is at most 4096 (n_tty.c: N_TTY_BUF_SIZE).
inline constexpr std::size_t kMaxInput = 64 * 1024;
// A viewer is asked for more when so much fits again: a door may stop before the last byte of room is used.
inline constexpr std::size_t kEnoughInputRoom = kMaxInput / 2;
// What is still sent after the program's end although more may come: a background `yes &` must not make it endless.
inline constexpr std::size_t kMaxAfterEnd = 1024 * 1024;

struct Limits {
  std::chrono::seconds idle{0};                  // without input; 0: none
  std::chrono::seconds max_duration{0};          // 0: none
  std::chrono::milliseconds hangup_grace{5000};  // from SIGHUP to SIGKILL
  std::chrono::seconds drain_timeout{30};        // for a peer that does not read what the program left
};

struct Spec {
  pty::Program program;
  pty::TerminalSource terminal = pty::TerminalKind::kKernel;
  WindowSize size;
  Limits limits;
  pty::Rlimits rlimits;
  std::shared_ptr<pty::Sandbox> sandbox;  // one for all sessions, which outlive a reload of the settings; null: none
};

// What a session needs of its surroundings; all outlive it.
struct Loop {
  boost::asio::io_context& context;
  pty::Children& children;
  MutableBytes buffer;  // shared by all sessions and doors of this loop: nothing stays in it between two calls
};

class Session {
 public:
  // Starts the program. `closed` is called once from the event loop when nothing of the session is left: destroy it then.
  static Result<std::unique_ptr<Session>> start(const Loop& loop, unsigned id, const Spec& spec, Viewer& viewer,
                                                std::function<void(Session&)> closed);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  // From the viewer.
  [[nodiscard]] std::size_t input_room() const { return input_.room(); }
  void input(Bytes bytes);  // at most input_room() bytes; dropped once the program has ended
  void end_input();         // nothing more will be typed
  void output_wanted();     // the viewer has room again
  void resize(WindowSize size);
  // Types the byte that means `which`, if the program has one set. One that makes a signal overtakes what the terminal has
  // not taken yet.
  void type(pty::ControlCharacter which);
  void send_break();
  void viewer_gone();  // no call to the viewer follows

  // From the server. The viewer is told; the program is hung up.
  void finish(Cause cause);
  void end_grace();  // kills what is left of a session that was hung up

  struct Info {
    unsigned id = 0;
    pid_t leader = 0;  // the program's pid and the number of its kernel session
    pid_t fg_pgrp = 0;
    std::string program, door, peer, tty;
    WindowSize size;
    Clock::duration age{}, idle{};
    unsigned long long bytes_in = 0, bytes_out = 0;
    std::vector<pty::Process> processes;  // in order of their pids; left to Registry::list()
  };
  [[nodiscard]] Info info() const;
  [[nodiscard]] unsigned id() const { return id_; }

 private:
  enum class State { kRunning, kDraining, kHungUp, kClosed };

  Session(const Loop& loop, unsigned id, const Spec& spec, pty::Started started,
          std::unique_ptr<pty::SandboxInstance> sandbox, Viewer& viewer, std::function<void(Session&)> closed);
  void pump_output();
  void pump_input();
  void program_ended(pty::ExitStatus status);
  void drain();
  void end_drain();
  void hang_up(Cause cause);
  void await_hung_up_group();
  void grace_over();
  void arm_limits();
  [[nodiscard]] bool is_kept() const { return pid_ != leader_; }
  void close();

  const Loop& loop_;
  unsigned id_;
  std::string program_name_;
  Limits limits_;
  std::unique_ptr<pty::SandboxInstance> sandbox_;  // its private folders go with the session; null: none
  std::unique_ptr<pty::Terminal> terminal_;
  Viewer* viewer_;
  std::function<void(Session&)> closed_;
  State state_ = State::kRunning;

  ByteQueue input_{kMaxInput};
  bool input_ended_ = false;
  bool end_passed_on_ = false;
  bool viewer_waits_ = false;    // input_room() was below kEnoughInputRoom
  bool output_awaited_ = false;  // the terminal will call, or the next round

  pid_t pid_;       // the child that is waited for: the program, or its keeper
  pid_t leader_;    // the program
  OwnedFd keeper_;  // with --kill-all; see pty/keeper.hpp
  bool program_alive_ = true;
  pid_t hung_up_group_ = 0;  // the foreground group at the moment of the hang-up
  Clock::time_point grace_end_;
  std::chrono::milliseconds group_look_{0};
  End end_;
  std::size_t after_end_ = 0;

  Clock::time_point started_at_, last_input_;
  unsigned long long bytes_in_ = 0, bytes_out_ = 0;
  Later next_round_;
  boost::asio::steady_timer timer_;  // the next of: idle limit, duration limit, drain, grace
};

}  // namespace farpty::session
