// Connection: a client, the target, and the two Lines between them.
//
// Four coroutines: each direction has one that reads into its Line and one that writes what the Line gives out.
// Invariant: a reset that one side sends travels behind its bytes to the other; a cut or reset by the proxy strikes
// both.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "plan.hpp"

namespace farpty::kit {

struct Counters {
  std::uint64_t up_in = 0, up_out = 0, down_in = 0, down_out = 0;
};

class Connection {
 public:
  Connection(boost::asio::ip::tcp::socket client, const Plan& plan, std::uint64_t number);

  // Connects to the target and carries bytes until both directions have ended.
  boost::asio::awaitable<void> run(boost::asio::ip::tcp::endpoint target);

  void reshape(const Plan& plan);
  void stall(Direction direction, Time how_long);
  void resume(Direction direction);
  void cut();    // both sides see end-of-file, as when a proxy in between dies
  void reset();  // both sides see ECONNRESET

  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
  [[nodiscard]] Counters counters() const;

 private:
  struct Way {
    Line line;
    boost::asio::ip::tcp::socket& from;
    boost::asio::ip::tcp::socket& to;
    boost::asio::steady_timer pushed;  // the writer sleeps here; cancelled when there may be more to do
    boost::asio::steady_timer room;    // the reader sleeps here
    bool from_ended = false;
    bool to_gone = false;
  };

  boost::asio::awaitable<void> fill(Way* way);
  boost::asio::awaitable<void> drain(Way* way);
  boost::asio::awaitable<bool> deliver(Way* way, Bytes bytes);
  boost::asio::awaitable<void> sent_by_kernel(Way* way);
  void end_way(Way& way, Ending how);

  boost::asio::ip::tcp::socket client_;
  boost::asio::ip::tcp::socket target_;
  std::uint64_t number_;
  Way up_;
  Way down_;
};

}  // namespace farpty::kit
