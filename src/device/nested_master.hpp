// NestedMaster: the master side of a pair that a program made (/dev/ptmx): a second socketpair, whose far end is that
// program's, pumped to and from the tty.
//
// When the program closes its end, the slave is hung up. While no program has the slave open, reads of the master fail (EIO);
// in packet mode a status byte comes before all data. Neither is data, so neither lies in the socket: both stand in the
// slot, where the shim looks, and one byte, the mark, wakes who waits at the socket.
// Invariants: what waits on either side is bounded by the socket and Tty's queue; the mark is the only byte in the socket,
// and nothing follows it before it is taken.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "base/owned_fd.hpp"
#include "base/readiness.hpp"
#include "base/result.hpp"
#include "device/socket_queue.hpp"
#include "device/tty.hpp"

namespace farpty::device {

class NestedMaster {
 public:
  // `closed` is called from the event loop when the program has closed its end. `far` becomes that end.
  static Result<std::unique_ptr<NestedMaster>> open(boost::asio::io_context& context, Tty& tty, OwnedFd& far,
                                                    std::function<void()> closed);

  [[nodiscard]] const Tty& tty() const { return tty_; }
  [[nodiscard]] bool closed() const { return closed_now_; }
  // Output that the program has not read lies in its socket; or the mark does.
  [[nodiscard]] bool has_unread() const;
  [[nodiscard]] bool mark_is_out() const { return mark_is_out_; }

  // What its program did before a request that comes now has been done: it has typed, or closed it.
  void catch_up() { pump_input(); }

  // What the slave's programs wrote goes into the socket, as far as there is room.
  void pump_output();
  // Bytes that FIONREAD of the master counts and that are not in the socket yet.
  [[nodiscard]] std::size_t held_back() const { return shown_.size() + tty_.waiting_output(); }

  // TCXONC of the master: what its program types waits, and goes on (tty_io.c: __stop_tty, __start_tty).
  enum class Flow : std::uint8_t { kHeld, kRuns };
  void set_flow(Flow flow);
  // A key, behind what the program typed so far (TCXONC of the master: TCIOFF, TCION).
  void type(std::byte key);

  // TCFLSH of the master: its input is what the slave's programs wrote, its output what is typed there. `far` (lent; -1:
  // none): the program's end, in which a part of its input lies.
  void flush(tty::Flush queue, int far);

 private:
  NestedMaster(boost::asio::io_context& context, Tty& tty, OwnedFd near, std::function<void()> closed)
      : tty_(tty), near_(std::move(near)), reader_(context), closed_(std::move(closed)) {}
  void pump_input();
  bool take_typed();
  void give_output();
  [[nodiscard]] bool send_shown();
  [[nodiscard]] bool all_is_taken() const;
  void set_mark(bool out);
  void end();

  Tty& tty_;
  OwnedFd near_;
  Readiness ready_;  // after near_: gone before it is closed
  ReaderWait reader_;
  std::function<void()> closed_;
  std::vector<std::byte> typed_;  // read from the program, not yet taken by the tty
  std::vector<std::byte> shown_;  // read from the tty, not yet taken by the socket
  bool mark_is_out_ = false;
  bool held_ = false;
  bool closed_now_ = false;
};

}  // namespace farpty::device
