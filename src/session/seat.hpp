// Seat: a viewer's place in a session, and the handle by which it uses the session. In a lasting session (session.hpp) the
// seat outlives its viewer's connection: it remembers what was typed and seen, and the peer's next connection takes it again.
//
// A seat belongs to its session. It may be used by its viewer until Viewer::ended(), viewer_gone() or detach().
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "pty/plain.hpp"
#include "session/viewer.hpp"
#include "tty/winsize.hpp"

namespace farpty::session {

class Session;
class Audience;

enum class Pen {
  kTake,    // type; whoever had the pen becomes read-only
  kIfFree,  // type if nobody else has the pen; it may be taken later
  kNever,   // read-only for good
};

// How a viewer comes to a seat.
struct Attach {
  std::uint64_t seat = 0;        // the seat that the same peer (Viewer::identity) had before; 0: a new one
  std::optional<Offset> offset;  // output that the peer has already; none: its screen is to be redrawn
  Pen pen = Pen::kTake;          // a seat that is taken again keeps its role as far as this allows
  std::optional<WindowSize> size;
};

class Seat {
 public:
  // `session` is null where an Audience is tested alone: then only what asks nothing of a session may be called.
  Seat(Session* session, std::uint64_t id) : session_(session), id_(id) {}
  Seat(const Seat&) = delete;
  Seat& operator=(const Seat&) = delete;

  // How many typed bytes the session takes now.
  [[nodiscard]] std::size_t input_room() const;
  void input(Bytes bytes);  // at most input_room() bytes; dropped once the program has ended, and of a read-only seat
  // So many bytes were given to input() since the seat was new: they are the session's now, and need not be sent again.
  [[nodiscard]] Offset input_taken() const { return input_taken_; }
  void end_input();      // nothing more will be typed
  void output_wanted();  // the viewer has room again
  // The peer does not know what its terminal shows: behind what it is to get anyhow comes Viewer::jumped() and a redraw, of a
  // lasting session. Several calls before that are one.
  void redraw();
  void resize(WindowSize size);  // of the peer's terminal. Without the pen it is remembered
  // Types the byte that means `which`, if the program has one set. One that makes a signal overtakes what the terminal has
  // not taken yet.
  void type(pty::ControlCharacter which);
  void send_break();

  // The peer has the output up to here. The log keeps what the writer has not got (retain), so a viewer of a lasting session
  // has to call this now and then.
  void acknowledge(Offset offset);
  void take_pen();  // does nothing for a seat that may never type (Pen::kNever)
  // To the next seat in order that is connected and may type; does nothing without the pen, or where there is none.
  void hand_pen_over();

  void
  viewer_gone();  // its connection is lost: a lasting session keeps the seat, any other ends. No call to the viewer follows
  void detach();  // its peer leaves by intent: a lasting session goes on without the seat. The same otherwise

  [[nodiscard]] Session& session() const { return *session_; }
  [[nodiscard]] std::uint64_t id() const { return id_; }
  [[nodiscard]] Role role() const { return role_; }
  [[nodiscard]] Offset position() const { return position_; }  // of the next byte of the stream that the viewer gets

 private:
  friend class Audience;
  friend class Session;

  Session* session_;
  std::uint64_t id_;
  Viewer* viewer_ = nullptr;  // null: the connection is lost
  std::string identity_;
  Role role_ = Role::kReadOnly;
  bool may_write_ = true;
  bool input_awaited_ = false;      // input_room() was below kEnoughInputRoom
  std::optional<WindowSize> size_;  // of the peer's terminal
  Offset input_taken_ = 0;
  Offset position_ = 0;
  Offset acknowledged_ = 0;
  // Of a lasting session, for the viewer that sits here now:
  enum class JumpTo { kNowhere, kLiveEnd, kHere };  // kHere: once it has got everything
  JumpTo jump_ = JumpTo::kNowhere;
  bool is_fresh_ = true;  // it has seen nothing yet, so nothing is skipped
  bool size_told_ = false;
  std::uint64_t sizes_told_ = 0;  // the number of the last one (History::Resize)
  bool told_end_ = false;         // the viewer that sits here now knows that the program has ended
  std::string redraw_;            // what is left of it to be output before the byte at position_
};

}  // namespace farpty::session
