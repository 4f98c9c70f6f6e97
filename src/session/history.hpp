// History: what a lasting session remembers of its output: the last bytes of it, and where in them the terminal's size
// changed. From it a viewer is served that is not at the live end. And what the terminal shows (picture.hpp), for who comes anew.
//
// Invariant: bounded by `retain` bytes, kMaxResizes and the picture's bounds.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "session/byte_log.hpp"
#include "session/picture.hpp"
#include "session/viewer.hpp"
#include "tty/winsize.hpp"

namespace farpty::session {

inline constexpr std::size_t kMaxResizes = 256;
// Of what a viewer is sent at once to draw its screen. A cell with two colours of its own takes 45 bytes, 1000 x 300 of them fit.
inline constexpr std::size_t kMaxRedraw = std::size_t{16} * 1024 * 1024;

// Whether what comes is drawn on a terminal, or goes through pipes.
enum class Shown { kOnTerminal, kNowhere };

class History {
 public:
  History(std::size_t retain, WindowSize size, Shown shown = Shown::kOnTerminal);

  [[nodiscard]] Offset begin() const { return log_.begin(); }
  [[nodiscard]] Offset end() const { return log_.end(); }
  [[nodiscard]] std::size_t room() const { return log_.room(); }

  void append(Bytes output, pty::Stream stream);
  void resized(WindowSize size);  // at end()
  void forget_before(Offset offset);
  void pack() { log_.pack(); }
  [[nodiscard]] std::size_t memory() const { return log_.memory() + (picture_ ? picture_->memory() : 0); }

  // Bytes of one stream from `offset` on, as far as they lie in one piece.
  struct Piece {
    Bytes bytes;
    pty::Stream stream = pty::Stream::kOutput;
  };
  [[nodiscard]] Piece at(Offset offset);

  // A change of the size, numbered from 1 on in the order of their offsets.
  struct Resize {
    std::uint64_t number = 0;
    Offset offset = 0;
    WindowSize size;
  };
  [[nodiscard]] Resize resize_before(
      Offset offset) const;  // the last one at or before it; number 0 or more, never told twice
  [[nodiscard]] const Resize* resize_after(std::uint64_t number) const;  // null: there is none

  // Escape sequences that draw the screen as it is at end(), for a terminal in any state. Nothing where there is none. Where that
  // would be more than `most` bytes, the modes, and no cells.
  [[nodiscard]] std::string redraw(std::size_t most = kMaxRedraw);
  // As Picture's.
  [[nodiscard]] bool is_unsettled() const { return picture_ && picture_->is_unsettled(); }
  void settle();

 private:
  void forget_resizes();
  void forget_marks();

  ByteLog log_;
  WindowSize first_size_;        // at begin()
  std::uint64_t forgotten_ = 0;  // the number of the resize that made it so
  std::deque<Resize> resizes_;
  std::optional<Picture> picture_;
  // Where another stream begins; of programs on pipes only. Before the first one it is first_stream_.
  struct Mark {
    Offset offset = 0;
    pty::Stream stream = pty::Stream::kOutput;
  };
  std::deque<Mark> marks_;
  pty::Stream first_stream_ = pty::Stream::kOutput;
};

}  // namespace farpty::session
