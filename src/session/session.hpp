// Session: a terminal with a program on it and those who see it. It carries bytes both ways with bounded queues, and decides
// when it is over.
//
// A plain session (raw, telnet, farpty run) has one viewer and ends with it. A lasting one (Spec::lasting) outlives its
// viewers: each has a Seat, one seat has the pen, and output is counted by absolute offsets from the session's start. How a
// door uses it: Registry::start() or Session::attach() seats the viewer, which then gets its first output after
// Seat::output_wanted(): resized(), jumped() and a redraw of the screen, or, if it named an offset that the log still has,
// the bytes from there on. It tells with acknowledge() what its peer has got. When the connection breaks it calls
// viewer_gone(): the program runs on into the log, and the peer's next connection attaches with the seat's id and the offset
// up to which it has read; Seat::input_taken() tells it from where to type on. Of a program that ended meanwhile it gets the
// rest and then ended().
//
// It is not a protocol (doors encode) and not a terminal (pty/). Invariants: output is never read from the terminal faster
// than the writer takes it while it is connected; input never waits in more than kMaxInput bytes, and what was taken is
// never dropped while the program lives; ended() reaches each viewer exactly once, unless it has left before;
// of a session that is recorded nobody sees a byte that was not written to the recording first.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "base/byte_queue.hpp"
#include "base/later.hpp"
#include "base/owned_fd.hpp"
#include "base/result.hpp"
#include "base/timer.hpp"
#include "pty/children.hpp"
#include "pty/process_table.hpp"
#include "pty/rlimits.hpp"
#include "pty/sandbox.hpp"
#include "pty/terminal.hpp"
#include "session/audience.hpp"
#include "session/recorder.hpp"
#include "session/seat.hpp"
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
  // Lasting sessions: from the last viewer's leaving to SIGHUP, and from the program's end to the last time that a lost
  // viewer may come for what it has not seen; 0: for ever.
  std::chrono::seconds linger{std::chrono::days(7)};
};

struct Spec {
  pty::Program program;
  pty::TerminalSource terminal = pty::TerminalKind::kKernel;
  WindowSize size;
  Limits limits;
  pty::Rlimits rlimits;
  std::optional<Lasting> lasting;         // nullopt: it ends with its viewer
  std::optional<Recording> recording;     // nullopt: it is not recorded
  std::shared_ptr<pty::Sandbox> sandbox;  // one for all sessions, which outlive a reload of the settings; null: none
};

// What a session needs of its surroundings; all outlive it.
struct Loop {
  boost::asio::io_context& context;
  pty::Children& children;
  MutableBytes buffer;  // shared by all sessions and doors of this loop: nothing stays in it between two calls
};

enum class Leaving { kLost, kDetached };  // a connection that broke; a peer that left by intent

class Session {
 public:
  // Starts the program; nobody sees it yet. `closed` is called once from the event loop when nothing of the session is left:
  // destroy it then. A session that is to be recorded and cannot be is not started.
  static Result<std::unique_ptr<Session>> start(const Loop& loop, unsigned id, const Spec& spec,
                                                std::function<void(Session&)> closed);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  // A plain session is attached to once, at its start. In a lasting one a viewer that still sits on the named seat gets
  // ended(kReplaced). The session belongs to its owner, the seat to the session.
  Seat& attach(Viewer& viewer, const Attach& attach = {});
  [[nodiscard]] bool accepts_viewers() const;  // false: it is hung up or closed

  // From the server. The viewer is told; the program is hung up.
  void finish(Cause cause);
  void end_grace();  // kills what is left of a session that was hung up

  struct Info {
    unsigned id = 0;
    pid_t leader = 0;  // the program's pid and the number of its kernel session
    pid_t fg_pgrp = 0;
    std::string program, name, tty;
    std::string door, peer;  // of the writer; empty where nobody has the pen
    bool lasts = false;
    struct Watcher {
      std::uint64_t seat = 0;
      std::string door, peer;  // empty: its connection is lost
      Role role = Role::kReadOnly;
    };
    std::vector<Watcher> watchers;
    WindowSize size;
    Clock::duration age{}, idle{};
    unsigned long long bytes_in = 0, bytes_out = 0;
    std::vector<pty::Process> processes;  // in order of their pids; left to Registry::list()
  };
  [[nodiscard]] Info info() const;
  [[nodiscard]] unsigned id() const { return id_; }
  [[nodiscard]] const std::string& name() const { return name_; }  // empty: none
  [[nodiscard]] bool lasts() const { return audience_.lasts(); }
  [[nodiscard]] bool has_terminal() const { return has_terminal_; }  // false: pipes

 private:
  friend class Seat;

  // kEnded: the program is no more, and a viewer that lost its connection has not seen all of it.
  enum class State { kRunning, kDraining, kEnded, kHungUp, kClosed };

  // From the seats.
  [[nodiscard]] std::size_t input_room() const { return input_.room(); }
  void input(Seat& seat, Bytes bytes);
  void end_input(Seat& seat);
  void output_wanted(Seat& seat);
  void redraw(Seat& seat);
  void resize(Seat& seat, WindowSize size);
  void type(const Seat& seat, pty::ControlCharacter which);
  void send_break(const Seat& seat);
  void acknowledge(Seat& seat, Offset offset);
  void take_pen(Seat& seat);
  void hand_pen_over(Seat& seat);
  void leave(Seat& seat, Leaving how);

  Session(const Loop& loop, unsigned id, const Spec& spec, pty::Started started,
          std::unique_ptr<pty::SandboxInstance> sandbox, std::unique_ptr<Recorder> recorder,
          std::function<void(Session&)> closed);
  void pump_output();
  void settle_later();
  void wake_output();
  void apply_size(const Seat& seat);
  void enter_input(Bytes bytes);
  void pump_input();
  void program_ended(pty::ExitStatus status);
  void drain();
  void end_drain();
  void end_for_served();
  void await_lost_viewers();
  void hang_up(Cause cause);
  void await_hung_up_group();
  void grace_over();
  void arm_limits();
  bool recorded(const Result<>& done);
  void end_recording();
  void log_end(const std::string& text) const;
  [[nodiscard]] bool is_kept() const { return pid_ != leader_; }
  void close();

  const Loop& loop_;
  unsigned id_;
  std::string program_name_;
  std::string name_;
  struct {
    std::string door, peer, who;
  } starter_;  // its first viewer
  Limits limits_;
  std::unique_ptr<pty::SandboxInstance> sandbox_;  // its private folders go with the session; null: none
  std::unique_ptr<Recorder> recorder_;             // null: not recorded, or all is recorded
  std::unique_ptr<pty::Terminal> terminal_;
  bool has_terminal_;
  Audience audience_;
  std::function<void(Session&)> closed_;
  State state_ = State::kRunning;

  ByteQueue input_{kMaxInput};
  bool input_ended_ = false;
  bool end_passed_on_ = false;
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
  bool read_out_ = false;  // the program has ended, and the terminal has yielded what it will

  Clock::time_point started_at_, last_input_, last_left_;
  unsigned long long bytes_in_ = 0, bytes_out_ = 0;
  Later next_round_;
  Timer timer_;     // the next of: idle limit, duration limit, drain, grace, linger
  Timer settling_;  // at its end the picture of the screen is made small
  bool settles_ = false;
  bool unrecorded_ = false;  // the recording could not be written: nothing goes on, the end is near
  Later unrecorded_end_;
};

}  // namespace farpty::session
