// Acceptor: takes the connections that come to a listening socket, in the event loop, for whoever listens.
//
// Invariants: a burst leaves each round of the loop to the others; a connection that ended before it was taken delays none behind
// it; where the process has no descriptors or no memory left it pauses, and does not spin.
#pragma once

#include <functional>
#include <memory>

#include <boost/asio/io_context.hpp>

#include "base/later.hpp"
#include "base/owned_fd.hpp"
#include "base/readiness.hpp"
#include "base/result.hpp"
#include "base/timer.hpp"

namespace farpty::net {

class Acceptor {
 public:
  static constexpr int kPerRound = 16;
  static constexpr std::chrono::milliseconds kPause{100};

  struct Calls {
    std::function<Result<OwnedFd>()> accept;  // the next connection; EAGAIN: there is none now
    std::function<void(OwnedFd socket)> welcome;
    std::function<void(const Error&)> failed;  // accept(2) said anything else
  };

  // Begins in the next round. `listening` is borrowed, non-blocking, and stays open until stop() or the end of this.
  static Result<std::unique_ptr<Acceptor>> open(boost::asio::io_context& context, int listening, Calls calls);
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  // Whether accept(2) wants descriptors or memory that there are not: said again after each pause.
  [[nodiscard]] static bool lacks_means(const Error& error);

  // No calls follow. It may be called from one, which the destructor may not.
  void stop();

 private:
  Acceptor(boost::asio::io_context& context, Calls calls);
  void accept();

  Calls calls_;
  Readiness readiness_;
  Later next_round_;
  Timer pause_;
  bool stopped_ = false;
};

}  // namespace farpty::net
