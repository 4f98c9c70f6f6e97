// Terminal: a program and what it sits on, seen from the side that carries its bytes. The three kinds (kernel pty, emulated
// tty, pipes) are behind this one interface; nothing above pty/ knows which one it holds.
//
// It is not a session: it knows no viewers, no limits and no time. Invariant: every call returns at once.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/io_context.hpp>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "pty/listening.hpp"
#include "pty/plain.hpp"
#include "pty/program.hpp"
#include "tty/winsize.hpp"

namespace farpty::pty {

// What one read or write did. code 0: `count` bytes moved. EAGAIN: nothing can move now, wait. EIO: the far side is gone
// (for a kernel pty's read: no program has it open at the moment).
struct Transfer {
  std::size_t count = 0;
  int code = 0;
  Stream stream = Stream::kOutput;  // of a read
  bool more = false;                // of a read: however short it was, more may be there
};

// kPipesApart: stdout and stderr are two streams.
enum class TerminalKind { kKernel, kDevpts, kEmulated, kPipes, kPipesApart };

class PrivateDevpts;

// Which kind, and what it needs to be made from.
struct TerminalSource {
  TerminalSource(TerminalKind of) : kind(of) {}  // NOLINT(google-explicit-constructor): most kinds need nothing more
  TerminalKind kind;
  std::shared_ptr<const PrivateDevpts> devpts;   // of kDevpts; shared: terminals outlive a reload of the settings
  Listening listening = Listening::kWhenNeeded;  // of kEmulated
};

class Terminal {
 public:
  virtual ~Terminal() = default;  // hangs up if that was not done

  virtual Transfer read(MutableBytes into) = 0;  // what the program wrote
  virtual Transfer write(Bytes from) = 0;        // what the user typed
  // One call each, edge-triggered: see base/readiness.hpp.
  virtual void when_readable(std::function<void()> then) = 0;
  virtual void when_writable(std::function<void()> then) = 0;

  // No input will follow: the program gets end-of-file, as often as it asks, until it ends. Called once, after all input was
  // written.
  virtual void end_input() = 0;

  virtual Result<> resize(WindowSize size) = 0;
  [[nodiscard]] virtual WindowSize size() const = 0;
  [[nodiscard]] virtual std::string name() const = 0;  // "/dev/pts/3"; "pipes"
  [[nodiscard]] virtual pid_t fg_pgrp() const = 0;     // 0 where there is none or it is not known

  // The byte that means `which` now; nothing where the program switched it off or there is no terminal.
  [[nodiscard]] virtual std::optional<std::byte> control_character(ControlCharacter which) const = 0;

  // What a break on a serial line does (termios(3), BRKINT; n_tty.c: n_tty_receive_break).
  virtual void send_break() = 0;

  // The line is dropped: the program gets SIGHUP, and end-of-file or EIO from then on.
  virtual void hangup() = 0;
};

struct Started {
  std::unique_ptr<Terminal> terminal;
  Spawned child;
};

// Opens a terminal of the given kind and starts the program on it.
Result<Started> start(boost::asio::io_context& context, const TerminalSource& source, const Program& program,
                      WindowSize size);

}  // namespace farpty::pty
