// RequestSocket: where programs ask the device (ttycall/request.hpp): an abstract unix socket, one connection a request.
//
// Short ones come as datagrams instead, where the kernel is Linux (request_datagrams.hpp). Who asks is what the kernel says
// of the connection; whether it belongs to this session is what its token says. Whatever else comes is closed without an
// answer. Invariant: at most kMaxWaiting + kAtOnce silent connections are open at a time.
#pragma once

#include <sys/types.h>

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "base/later.hpp"
#include "base/owned_fd.hpp"
#include "base/readiness.hpp"
#include "base/result.hpp"
#include "base/timer.hpp"
#include "device/asked.hpp"
#include "device/request_datagrams.hpp"

namespace farpty::device {

// A request that came over the socket; closing the connection is the end of it.
class SocketAsked final : public Asked {
 public:
  SocketAsked(OwnedFd connection, pid_t pid, const ttycall::Request& request, OwnedFd brought)
      : Asked(request, pid), brought_(std::move(brought)), connection_(std::move(connection)) {}

  [[nodiscard]] bool is_awaited() const override;
  [[nodiscard]] OwnedFd take_brought() override { return std::move(brought_); }

 private:
  void send(const ttycall::Answer& answer, int descriptor) override;

  OwnedFd brought_;
  OwnedFd connection_;
};

class RequestSocket {
 public:
  static Result<std::unique_ptr<RequestSocket>> open(boost::asio::io_context& context,
                                                     std::function<void(std::shared_ptr<Asked>)> asked);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::string token_text() const;
  [[nodiscard]] bool is_token_start(std::uint64_t word) const;

 private:
  static constexpr std::size_t kMaxWaiting = 256;  // connected, and silent
  static constexpr int kAtOnce = 64;               // taken in one round: a flood leaves each round to the others

  RequestSocket(boost::asio::io_context& context, std::function<void(std::shared_ptr<Asked>)> asked)
      : context_(context), asked_(std::move(asked)), next_round_(context), second_look_(context) {}
  void accept();
  void listen_on();
  void try_again_later();
  bool take(OwnedFd& connection);
  [[nodiscard]] bool is_ours(const ttycall::Request& request) const;
  void look_again(OwnedFd connection);
  void keep(OwnedFd connection);

  struct Waiting {
    OwnedFd connection;
    Readiness ready;  // after connection: gone before it is closed
  };

  boost::asio::io_context& context_;
  std::function<void(std::shared_ptr<Asked>)> asked_;
  std::string name_;
  std::array<std::uint8_t, ttycall::kTokenSize> token_{};
  OwnedFd listener_;
  Readiness ready_;
  std::unique_ptr<RequestDatagrams> datagrams_;
  std::map<int, Waiting> waiting_;
  std::vector<OwnedFd> fresh_;  // accepted in this round
  Later next_round_, second_look_;
  std::unique_ptr<Timer> retry_;  // most terminals never need it
};

}  // namespace farpty::device
