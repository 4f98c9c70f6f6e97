#include "proxy.hpp"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace farpty::kit {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Failure = boost::system::error_code;

constexpr int kBacklog = 4096;
constexpr std::size_t kMostRemembered = 1000;

std::string describe(const tcp::endpoint& endpoint) {
  return fmt::format("{}:{}", endpoint.address().to_string(), endpoint.port());
}

// One connection of the statistics. All numbers: nothing to quote.
std::string line_of(std::uint64_t number, const Counters& bytes, bool open) {
  return fmt::format(R"({{"number": {}, "open": {}, "up": {{"in": {}, "out": {}}}, "down": {{"in": {}, "out": {}}}}})",
                     number, open, bytes.up_in, bytes.up_out, bytes.down_in, bytes.down_out);
}

}  // namespace

Proxy::Proxy(asio::io_context& io, Plan plan, tcp::endpoint target)
    : io_(io), plan_(std::move(plan)), target_(std::move(target)), holder_(io), acceptor_(io) {}

Result<> Proxy::listen(const tcp::endpoint& address) {
  address_ = address;
  Failure failed;
  holder_.open(address.protocol(), failed);
  if (!failed) holder_.set_option(tcp::socket::reuse_address(true), failed);
  if (!failed) holder_.bind(address, failed);
  if (failed) return os_error("cannot bind", describe(address), failed.value());
  address_ = holder_.local_endpoint();
  return open_acceptor();
}

Result<> Proxy::open_acceptor() {
  Failure failed;
  acceptor_.open(address_.protocol(), failed);
  if (!failed) acceptor_.set_option(tcp::acceptor::reuse_address(true), failed);
  if (!failed) acceptor_.bind(address_, failed);
  if (!failed) acceptor_.listen(kBacklog, failed);
  if (failed) return os_error("cannot listen on", describe(address_), failed.value());
  asio::co_spawn(io_, accept_all(), asio::detached);
  return {};
}

asio::awaitable<void> Proxy::accept_all() {
  while (acceptor_.is_open()) {
    Failure failed;
    tcp::socket client = co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, failed));
    if (failed == asio::error::operation_aborted || !acceptor_.is_open()) co_return;
    if (failed) continue;
    const std::uint64_t number = ++accepted_;
    auto connection = std::make_shared<Connection>(std::move(client), plan_, number);
    live_.emplace(number, connection);
    asio::co_spawn(io_, carry(std::move(connection)), asio::detached);
  }
}

asio::awaitable<void> Proxy::carry(std::shared_ptr<Connection> connection) {
  co_await connection->run(target_);
  live_.erase(connection->number());
  ended_.emplace(connection->number(), connection->counters());
  if (ended_.size() > kMostRemembered) ended_.erase(ended_.begin());
}

Result<std::string> Proxy::obey(const Command& command) {
  using Verb = Command::Verb;
  const auto each = [&](auto action) {
    for (const auto& [number, connection] : live_)
      if (command.connection == 0 || command.connection == number) action(*connection);
  };
  switch (command.verb) {
    case Verb::kStall: each([&](Connection& one) { one.stall(command.direction, command.stall_for); }); break;
    case Verb::kResume: each([&](Connection& one) { one.resume(command.direction); }); break;
    case Verb::kCut: each([](Connection& one) { one.cut(); }); break;
    case Verb::kReset: each([](Connection& one) { one.reset(); }); break;
    case Verb::kRefuse: {
      Failure ignored;
      acceptor_.close(ignored);
      break;
    }
    case Verb::kAccept:
      if (!acceptor_.is_open()) FARPTY_TRY(open_acceptor());
      break;
    case Verb::kShape:
      FARPTY_TRY(set_shape(plan_, command.direction, command.key, command.value));
      each([&](Connection& one) { one.reshape(plan_); });
      break;
    case Verb::kStats: return stats();
    case Verb::kQuit: io_.stop(); break;
  }
  return "ok";
}

std::string Proxy::stats() const {
  std::string lines;
  for (const auto& [number, counters] : ended_) lines += (lines.empty() ? "" : ", ") + line_of(number, counters, false);
  for (const auto& [number, one] : live_) lines += (lines.empty() ? "" : ", ") + line_of(number, one->counters(), true);
  return fmt::format(R"({{"accepted": {}, "live": {}, "connections": [{}]}})", accepted_, live_.size(), lines);
}

}  // namespace farpty::kit
