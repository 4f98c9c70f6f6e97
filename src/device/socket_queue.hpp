// The queue of a unix stream socket, as its writer sees it.
//
// Linux tells a writer what lies unread in its peer's queue (SIOCOUTQ) and wakes it whenever something was read. gVisor does
// neither (gvisor.hpp): there the other end is asked (FIONREAD), and looked at again and again.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include <boost/asio/io_context.hpp>

#include "base/readiness.hpp"
#include "base/timer.hpp"

namespace farpty::device {

// What the other end has not read yet, in bytes of the kernel's bookkeeping (on Linux a buffer of one byte counts some
// hundred). Nothing where it cannot be asked. `peer` (lent; -1: it is not here): a descriptor of the other end.
[[nodiscard]] std::optional<int> unread_by_peer(int fd, int peer);

// Waits for the reader of a socket.
class ReaderWait {
 public:
  explicit ReaderWait(boost::asio::io_context& context) : context_(context) {}
  ReaderWait(const ReaderWait&) = delete;
  ReaderWait& operator=(const ReaderWait&) = delete;

  // Calls `then` once from the event loop when something may have been read from the peer of `fd`, which `ready` watches;
  // `peer` as above. Waiting twice is one wait.
  void when_read(Readiness& ready, int fd, int peer, std::function<void()> then);
  void cancel();

 private:
  boost::asio::io_context& context_;
  std::unique_ptr<Timer> timer_;  // where the kernel wakes nobody
  std::function<void()> then_;    // what it runs
  std::optional<int> unread_;
  std::chrono::milliseconds pause_{};
};

}  // namespace farpty::device
