// Viewer: whoever sees a session and types into it, as the session sees it. A door's connection is one.
//
// Invariant: a session knows nothing else about who watches it; a viewer never touches a terminal.
#pragma once

#include <cstddef>
#include <string>

#include "base/bytes.hpp"
#include "pty/children.hpp"

namespace farpty::session {

// Why a session ended.
enum class Cause { kProgramEnded, kPeerGone, kIdle, kMaxDuration, kKilled, kServerStopping };

struct End {
  Cause cause = Cause::kProgramEnded;
  pty::ExitStatus status;  // meaningful for kProgramEnded
};

class Viewer {
 public:
  virtual ~Viewer() = default;

  // How many bytes output() takes at this moment; 0 stops the program's output until Session::output_wanted().
  [[nodiscard]] virtual std::size_t output_room() const = 0;
  // At most output_room() bytes. Does not call back into the session; a connection that breaks on it is told to the session
  // in a later round.
  virtual void output(Bytes bytes) = 0;

  // Whether the peer has sent something that was not read yet. Asked between the reads of a flood, at one system call.
  [[nodiscard]] virtual bool input_waits() const = 0;

  // There is room for typed input again (kEnoughInputRoom), after Session::input_room() was small.
  virtual void input_wanted() = 0;

  // The last call: everything was output, the session is no more. The viewer may be destroyed after this.
  virtual void ended(const End& end) = 0;

  [[nodiscard]] virtual std::string door() const = 0;  // "raw", "telnet"
  [[nodiscard]] virtual std::string peer() const = 0;  // "127.0.0.1:50000", "unix uid 1000"
};

}  // namespace farpty::session
