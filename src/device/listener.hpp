// Listener: hears of the system calls that the filter stops (ttycall/filter.hpp) in one tree of processes.
//
// The descriptor comes from whoever installed the filter: the shim, over the request socket, or the launcher. A session has
// one for each such tree. It is told when no process is left that could be stopped.
// Invariant: it never blocks; programs that ask without end get a share of each round of the event loop.
#pragma once

#include <linux/seccomp.h>
#include <poll.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "base/later.hpp"
#include "base/owned_fd.hpp"
#include "base/readiness.hpp"
#include "base/result.hpp"
#include "device/stopped_call.hpp"

namespace farpty::device {

class Listener {
 public:
  using Serve = std::function<void(std::shared_ptr<StoppedCall>)>;

  // Fails where the descriptor is no such listener. `unused` is called from the event loop, once, and may end this object.
  static Result<std::unique_ptr<Listener>> open(boost::asio::io_context& context, OwnedFd listener, Serve serve,
                                                std::function<void()> unused);

  // No process is left that could be stopped.
  [[nodiscard]] bool is_unused() const { return (poll_now() & (POLLIN | POLLHUP)) == POLLHUP; }
  // Stops listening; whoever holds the descriptor goes on.
  [[nodiscard]] std::shared_ptr<const OwnedFd> release();

 private:
  static constexpr int kAtOnce = 64;

  Listener(boost::asio::io_context& context, OwnedFd listener, Serve serve, std::function<void()> unused);
  void hear();
  [[nodiscard]] short poll_now() const;

  std::shared_ptr<const OwnedFd> listener_;  // shared with the calls that wait for an answer
  Readiness ready_;                          // after listener_: gone before it is closed
  Serve serve_;
  std::function<void()> unused_;
  std::vector<std::max_align_t> notice_;  // of the size that this kernel has
  Later next_round_;
};

}  // namespace farpty::device
