// Viewer: whoever sees a session and types into it, as the session sees it. A door's connection is one.
//
// Invariant: a session knows nothing else about who watches it; a viewer never touches a terminal. What a viewer wants of
// the session it says through its Seat (session/seat.hpp). No call here is answered by a call to the seat from inside it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/bytes.hpp"
#include "pty/plain.hpp"
#include "tty/winsize.hpp"

namespace farpty::session {

// A place in a stream of bytes, counted from the session's start. Output has one for all viewers, input one for each seat.
using Offset = std::uint64_t;

// Why a session ended, or ended for one viewer: kReplaced, a newer connection of the same peer has taken the seat.
// kNotRecorded: it was to be recorded, and what came next could not be written.
enum class Cause { kProgramEnded, kPeerGone, kIdle, kMaxDuration, kKilled, kServerStopping, kReplaced, kNotRecorded };

struct End {
  Cause cause = Cause::kProgramEnded;
  pty::ExitStatus status;  // meaningful for kProgramEnded
};

// kWriter has the pen: it types, it decides the size, and its terminal answers the program's queries.
enum class Role { kWriter, kReadOnly };

// The stream goes on elsewhere than where it was.
struct Jump {
  Offset offset = 0;   // of the first byte of the stream that follows
  Offset skipped = 0;  // bytes of the stream that this viewer never gets
  std::size_t redraw =
      0;  // the next so many bytes of output() are none of the stream: they redraw the screen as at `offset`
};

class Viewer {
 public:
  virtual ~Viewer() = default;

  // How many bytes output() takes at this moment; 0 stops the output until Seat::output_wanted().
  [[nodiscard]] virtual std::size_t output_room() const = 0;
  // At most output_room() bytes. A connection that breaks on it is told to the session in a later round.
  virtual void output(Bytes bytes) = 0;
  // The same, of what a program on pipes wrote to its stderr. It counts in the same offsets.
  virtual void errors(Bytes bytes) { output(bytes); }

  // Whether the peer has sent something that was not read yet. Asked between the reads of a flood, at one system call.
  [[nodiscard]] virtual bool input_waits() const = 0;

  // There is room for typed input again (kEnoughInputRoom), after Seat::input_room() was small.
  virtual void input_wanted() = 0;

  // The last call: everything was output, the session is no more, or no more for this viewer. The viewer may be destroyed
  // after this; its seat is not to be used again. But in a lasting session whose program has ended the seat is kept until
  // the viewer calls detach(), its peer having got all of it, or viewer_gone(): then the peer may come once more for what it
  // has not got. Only when the session is hung up meanwhile is this called a second time.
  virtual void ended(const End& end) = 0;

  [[nodiscard]] virtual std::string door() const = 0;  // "raw", "telnet"
  [[nodiscard]] virtual std::string peer() const = 0;  // "127.0.0.1:50000", "unix uid 1000"

  // Only lasting sessions (session.hpp) call these, and only they know more than one viewer.

  // A key's fingerprint, an invitation's id: who may take a seat again that has lost its connection. Not a secret.
  [[nodiscard]] virtual std::string identity() const { return {}; }
  // Before the output that it speaks of: at the first output of a fresh seat, and wherever bytes were skipped.
  virtual void jumped(const Jump&) {}
  // The terminal has this size from here in the output on: the writer's doing. Told at the first output, too.
  virtual void resized(WindowSize) {}
  virtual void role_changed(Role) {}
};

}  // namespace farpty::session
