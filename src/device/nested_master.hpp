// NestedMaster: the master side of a pair that a program made (/dev/ptmx): a second socketpair, whose far end is that
// program's, pumped to and from the tty.
//
// When the program closes its end, the slave is hung up. When the session on the slave has ended and the last program has
// closed it, the master's reads end (EIO, which the shim makes of an end of file). Invariant: what waits on either side is bounded by the sockets and Tty's queue.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "base/owned_fd.hpp"
#include "base/readiness.hpp"
#include "base/result.hpp"
#include "device/tty.hpp"

namespace farpty::device {

class NestedMaster {
 public:
  // `closed` is called from the event loop when the program has closed its end. `far` becomes that end.
  static Result<std::unique_ptr<NestedMaster>> open(boost::asio::io_context& context, Tty& tty, OwnedFd& far,
                                                    std::function<void()> closed);

  [[nodiscard]] const Tty& tty() const { return tty_; }
  [[nodiscard]] bool closed() const { return closed_now_; }
  // What the program has not read yet; and that nothing will follow it.
  [[nodiscard]] std::size_t unread() const;
  [[nodiscard]] bool ended() const { return ended_; }

 private:
  NestedMaster(Tty& tty, OwnedFd near, std::function<void()> closed)
      : tty_(tty), near_(std::move(near)), closed_(std::move(closed)) {}
  void pump_input();
  void pump_output();
  void end();

  Tty& tty_;
  OwnedFd near_;
  Readiness ready_;  // after near_: gone before it is closed
  std::function<void()> closed_;
  std::vector<std::byte> typed_;  // read from the program, not yet taken by the tty
  std::vector<std::byte> shown_;  // read from the tty, not yet taken by the socket
  bool closed_now_ = false;
  bool ended_ = false;
};

}  // namespace farpty::device
