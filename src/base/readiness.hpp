// Readiness: tells when a file descriptor can be read or written, edge-triggered, at no system call per wait.
//
// Why not plain Asio: a coroutine read makes a speculative read that ends in EAGAIN, and async_wait re-arms by
// EPOLL_CTL_MOD: both cost one more system call for each event, 8 a keystroke instead of 6. On Linux this class queues an
// operation of its own on Asio's epoll reactor, which is edge-triggered already; elsewhere it uses async_wait.
//
// Invariant (the caller's): before waiting, use the descriptor until it would block, or until it is known that nothing is
// left, end-of-file included (net/socket.hpp: receive); what arrives after that gives a new edge. One thread: the one that
// runs the io_context.
#pragma once

#include <functional>
#include <memory>

#include <boost/asio/io_context.hpp>

#include "base/result.hpp"

namespace farpty {

class Readiness {
 public:
  // Watches `fd` (borrowed; closed only after this object is gone; `context` outlives it). What epoll(7) does not take,
  // regular files and /dev/null, counts as always ready.
  static Result<Readiness> watch(boost::asio::io_context& context, int fd);

  Readiness();  // watches nothing
  Readiness(Readiness&&) noexcept;
  Readiness& operator=(Readiness&&) noexcept;
  ~Readiness();

  // Calls `then` once from the event loop when the descriptor is readable, hung up or in error. Waiting twice is one wait.
  void when_readable(std::function<void()> then);
  void when_writable(std::function<void()> then);

  // Forgets both callbacks; none runs after this returns.
  void cancel();

 private:
  struct State;
  explicit Readiness(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace farpty
