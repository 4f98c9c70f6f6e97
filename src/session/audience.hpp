// Audience: the seats of a session, who of them has the pen, and how output reaches each.
//
// It reads no terminal and keeps no time (session.hpp). Two kinds: of a session that ends with its viewer, one seat that is
// given the output as it comes; of a lasting session, any number of seats, served from the history.
//
// Invariants: a viewer gets every byte once and in order, or is told by Viewer::jumped() how many it does not get; only the
// writer's pace is the program's; a reader is never more than kMaxLag behind without being moved forward.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "session/history.hpp"
#include "session/seat.hpp"
#include "session/viewer.hpp"

namespace farpty::session {

// A reader that is further behind is moved forward: at 80x24 a redraw is a twentieth of this.
inline constexpr std::size_t kMaxLag = 256 * 1024;
// Seats whose connection is lost and that are kept for its return; the one that was lost first goes.
inline constexpr std::size_t kMaxLostSeats = 64;

enum class WhenFull {
  kForget,  // the program runs on, the oldest bytes are forgotten
  kBlock,   // the program waits until someone reads
};

// What makes a session outlast its viewers' connections.
struct Lasting {
  std::string name;                                   // one session of that name at a time; empty: none
  std::size_t retain = std::size_t{4} * 1024 * 1024;  // bytes of output kept while nobody who types reads them
  WhenFull when_full = WhenFull::kForget;
};

class Audience {
 public:
  // nullopt: of a session that ends with its viewer.
  Audience(const std::optional<Lasting>& lasting, WindowSize size, Shown shown = Shown::kOnTerminal);

  [[nodiscard]] bool lasts() const { return history_ != nullptr; }

  // The viewer gets nothing before serve().
  Seat& join(Session* session, Viewer& viewer, const Attach& attach);
  void lose(Seat& seat);    // the viewer is gone, the seat waits for it
  void remove(Seat& seat);  // and the seat is destroyed
  // Whether the seat has the pen now; who had it is told.
  bool give_pen(Seat& seat);
  // To whom `seat` would hand the pen over; null: it has not got it, or nobody else could type.
  [[nodiscard]] Seat* next_writer(const Seat& seat) const;
  void acknowledge(Seat& seat, Offset offset);
  void want_redraw(Seat& seat);  // at the next serve() that has nothing else to give

  // How much output there is room for: the writer's viewer decides, or where there is none the history.
  [[nodiscard]] std::size_t room() const;
  void deliver(Bytes output, pty::Stream stream = pty::Stream::kOutput);  // at most room()
  void resized(WindowSize size);
  void serve(Seat& seat);  // with what it has not got yet, as far as its viewer has room
  [[nodiscard]] bool is_served(const Seat& seat) const;
  void pack();  // nobody reads the history for a while. What comes until somebody does is packed as it comes
  [[nodiscard]] std::size_t memory() const { return lasts() ? history_->memory() : 0; }  // bytes of the history
  [[nodiscard]] bool is_unsettled() const { return lasts() && history_->is_unsettled(); }
  void settle();  // some seconds after it became unsettled

  // Viewer::ended() for those that have got everything, for all that are connected, or for all; their seats are destroyed.
  void end_served(const End& end);
  void end_connected(const End& end);
  void end_all(const End& end);

  [[nodiscard]] Seat* writer() const { return writer_; }
  [[nodiscard]] Viewer* typist() const { return writer_ != nullptr ? writer_->viewer_ : nullptr; }
  [[nodiscard]] bool has_viewers() const;
  [[nodiscard]] bool has_seats() const { return !seats_.empty(); }
  [[nodiscard]] const std::vector<std::unique_ptr<Seat>>& seats() const { return seats_; }

 private:
  Seat* lost_seat(const Viewer& viewer, std::uint64_t id) const;
  void place(Seat& seat, const std::optional<Offset>& offset);
  [[nodiscard]] bool is_live(const Seat& seat) const;
  void jump(Seat& seat);
  std::size_t give(Seat& seat, std::size_t room);
  void trim();
  template <typename Which>
  void end_where(const End& end, Which which);
  void forget_lost_seats();

  std::unique_ptr<History> history_;  // null: the session ends with its viewer
  WhenFull when_full_ = WhenFull::kForget;
  std::uint64_t next_seat_ = 1;
  Seat* writer_ = nullptr;
  std::vector<std::unique_ptr<Seat>> seats_;
};

}  // namespace farpty::session
