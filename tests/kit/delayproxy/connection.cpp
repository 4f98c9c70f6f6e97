#include "connection.hpp"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace farpty::kit {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using asio::experimental::awaitable_operators::operator&&;
using Failure = boost::system::error_code;

constexpr std::size_t kReadSize = 128 * 1024;
// A socket of a path with limited bandwidth must not hide seconds of its queue in the kernel.
constexpr int kNarrowSocketBuffer = 32 * 1024;
// How long a reset waits for the kernel to hand over the bytes before it, and how often it looks.
constexpr auto kResetPatience = std::chrono::seconds(1);
constexpr auto kResetLook = std::chrono::microseconds(200);

Time clock_now() { return std::chrono::steady_clock::now().time_since_epoch(); }
asio::steady_timer::time_point at(Time time) { return asio::steady_timer::time_point(time); }

void tune(tcp::socket& socket, const Plan& plan) {
  Failure ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  if (plan.up.rate == 0 && plan.down.rate == 0) return;
  socket.set_option(asio::socket_base::receive_buffer_size(kNarrowSocketBuffer), ignored);
  socket.set_option(asio::socket_base::send_buffer_size(kNarrowSocketBuffer), ignored);
}

void close_with_reset(tcp::socket& socket) {
  Failure ignored;
  socket.set_option(asio::socket_base::linger(true, 0), ignored);
  socket.close(ignored);
}

// End-of-file first, also where bytes lie unread (closing over them would turn it into a reset).
void close_with_fin(tcp::socket& socket) {
  Failure ignored;
  socket.shutdown(tcp::socket::shutdown_send, ignored);
  std::array<std::byte, 4096> dropped;
  while (::recv(socket.native_handle(), dropped.data(), dropped.size(), MSG_DONTWAIT) > 0) {
  }
  socket.close(ignored);
}

asio::awaitable<void> sleep_until(asio::steady_timer* timer, Time when) {
  Failure woken;
  if (when == kNever) {
    timer->expires_at(asio::steady_timer::time_point::max());
  } else {
    timer->expires_at(at(when));
  }
  co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, woken));
}

}  // namespace

Connection::Connection(tcp::socket client, const Plan& plan, std::uint64_t number)
    : client_(std::move(client)),
      target_(client_.get_executor()),
      number_(number),
      // A connection's random draws depend on the seed and its number alone, never on what other connections did.
      up_{Line(plan.up, plan.faults(number, Direction::kUp), plan.seed * 2 + (number << 20)), client_, target_,
          asio::steady_timer(client_.get_executor()), asio::steady_timer(client_.get_executor())},
      down_{Line(plan.down, plan.faults(number, Direction::kDown), plan.seed * 2 + 1 + (number << 20)), target_,
            client_, asio::steady_timer(client_.get_executor()), asio::steady_timer(client_.get_executor())} {
  tune(client_, plan);
  Failure failed;
  target_.open(tcp::v4(), failed);
  if (!failed) tune(target_, plan);
}

asio::awaitable<void> Connection::run(tcp::endpoint target) {
  Failure failed;
  if (target.protocol() != tcp::v4()) {
    target_.close(failed);
    target_.open(target.protocol(), failed);
  }
  co_await target_.async_connect(target, asio::redirect_error(asio::use_awaitable, failed));
  if (failed || !client_.is_open()) {
    close_with_reset(client_);
    co_return;
  }
  co_await (fill(&up_) && drain(&up_) && fill(&down_) && drain(&down_));
}

// Reads from one side into the line while it has room.
asio::awaitable<void> Connection::fill(Way* way) {
  while (way->from.is_open()) {
    const Time now = clock_now();
    if (const Time room = way->line.room_at(now); room > now) {
      co_await sleep_until(&way->room, room);
      continue;
    }
    std::vector<std::byte> bytes(kReadSize);
    Failure failed;
    const auto buffer = asio::buffer(bytes);
    const std::size_t count =
        co_await way->from.async_read_some(buffer, asio::redirect_error(asio::use_awaitable, failed));
    if (failed) {
      end_way(*way, failed == asio::error::eof ? Ending::kFin : Ending::kReset);
      co_return;
    }
    bytes.resize(count);
    if (count < kReadSize / 4) bytes.shrink_to_fit();
    way->line.push(std::move(bytes), clock_now());
    way->pushed.cancel();
  }
}

// Writes what the line gives out, when it gives it out.
asio::awaitable<void> Connection::drain(Way* way) {
  while (way->to.is_open()) {
    const Step step = way->line.next(clock_now());
    switch (step.kind) {
      case Step::Kind::kWait: co_await sleep_until(&way->pushed, step.at); break;
      case Step::Kind::kDeliver:
        if (!co_await deliver(way, step.bytes)) {
          Way& back = way == &up_ ? down_ : up_;
          end_way(back, Ending::kReset);
        }
        break;
      case Step::Kind::kFin: {
        Failure ignored;
        way->to.shutdown(tcp::socket::shutdown_send, ignored);
        co_return;
      }
      case Step::Kind::kReset:
        co_await sent_by_kernel(way);
        reset();
        co_return;
      case Step::Kind::kCut: cut(); co_return;
    }
  }
}

// Whether the receiver still takes bytes; what it no longer takes counts as delivered, as on a wire.
asio::awaitable<bool> Connection::deliver(Way* way, Bytes bytes) {
  if (way->to_gone) {
    way->line.delivered(bytes.size());
    way->room.cancel();
    co_return true;
  }
  Failure failed;
  const auto buffer = asio::buffer(bytes.data(), bytes.size());
  const std::size_t count =
      co_await way->to.async_write_some(buffer, asio::redirect_error(asio::use_awaitable, failed));
  way->to_gone = static_cast<bool>(failed);
  way->line.delivered(failed ? bytes.size() : count);
  way->room.cancel();
  co_return !failed;
}

// A reset throws away what the kernel has not sent yet: let the bytes before it arrive.
asio::awaitable<void> Connection::sent_by_kernel(Way* way) {
  const Time give_up = clock_now() + kResetPatience;
  asio::steady_timer look(way->to.get_executor());
  int unsent = 0;
  while (way->to.is_open() && ::ioctl(way->to.native_handle(), SIOCOUTQ, &unsent) == 0 && unsent > 0 &&
         clock_now() < give_up)
    co_await sleep_until(&look, clock_now() + kResetLook);
}

void Connection::end_way(Way& way, Ending how) {
  if (way.from_ended) return;
  way.from_ended = true;
  way.line.end(how, clock_now());
  way.pushed.cancel();
}

void Connection::cut() {
  for (tcp::socket* socket : {&client_, &target_}) close_with_fin(*socket);
  for (Way* way : {&up_, &down_}) way->pushed.cancel(), way->room.cancel();
}

void Connection::reset() {
  for (tcp::socket* socket : {&client_, &target_}) close_with_reset(*socket);
  for (Way* way : {&up_, &down_}) way->pushed.cancel(), way->room.cancel();
}

void Connection::reshape(const Plan& plan) {
  up_.line.reshape(plan.up);
  down_.line.reshape(plan.down);
  for (Way* way : {&up_, &down_}) way->room.cancel();
}

void Connection::stall(Direction direction, Time how_long) {
  const Time until = how_long == kNever ? kNever : clock_now() + how_long;
  if (direction != Direction::kDown) up_.line.stall(until);
  if (direction != Direction::kUp) down_.line.stall(until);
}

void Connection::resume(Direction direction) {
  if (direction != Direction::kDown) up_.line.resume();
  if (direction != Direction::kUp) down_.line.resume();
  for (Way* way : {&up_, &down_}) way->pushed.cancel();
}

Counters Connection::counters() const {
  return {up_.line.bytes_in(), up_.line.bytes_out(), down_.line.bytes_in(), down_.line.bytes_out()};
}

}  // namespace farpty::kit
