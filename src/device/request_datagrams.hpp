// RequestDatagrams: where programs ask the device what it answers at once (ttycall::is_answered_at_once): a datagram each way.
//
// One wake-up of the device and no connection: half of what a conversation costs. The socket has the name of the RequestSocket, of
// another type. Who asks is what the kernel says of the datagram (SCM_CREDENTIALS). Whatever else comes is dropped without an answer, and
// so is what has a name of its maker's choice: an answer goes to no path of a file system. A name may have passed to another
// socket meanwhile; that takes nothing but from whom it is connected to, so nobody of another session gets an answer of ours.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

#include "base/later.hpp"
#include "base/owned_fd.hpp"
#include "base/readiness.hpp"
#include "base/result.hpp"
#include "device/asked.hpp"

namespace farpty::device {

class RequestDatagrams {
 public:
  // `is_ours` says whether a request has the right token.
  static Result<std::unique_ptr<RequestDatagrams>> open(boost::asio::io_context& context, const std::string& name,
                                                        std::function<bool(const ttycall::Request&)> is_ours,
                                                        std::function<void(std::shared_ptr<Asked>)> asked);

 private:
  static constexpr int kAtOnce = 64;  // taken in one round: a flood leaves each round to the others

  RequestDatagrams(boost::asio::io_context& context, std::function<bool(const ttycall::Request&)> is_ours,
                   std::function<void(std::shared_ptr<Asked>)> asked)
      : is_ours_(std::move(is_ours)), asked_(std::move(asked)), next_round_(context) {}
  void receive();
  [[nodiscard]] bool take();

  std::function<bool(const ttycall::Request&)> is_ours_;
  std::function<void(std::shared_ptr<Asked>)> asked_;
  std::shared_ptr<const OwnedFd> socket_;
  Readiness ready_;  // after socket_: gone before it is closed
  Later next_round_;
};

}  // namespace farpty::device
