#include "base/readiness.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>

#include <boost/asio/detail/epoll_reactor.hpp>
#include <boost/asio/detail/reactor_op.hpp>
#include <boost/asio/post.hpp>

namespace farpty {

namespace asio = boost::asio;

namespace {

using Reactor = asio::detail::epoll_reactor;

// One direction's wait. It lives until both its owner has let go of it and the reactor has given it back.
class Wait final : public asio::detail::reactor_op {
 public:
  Wait() : reactor_op({}, &Wait::perform, &Wait::complete) {}

  void start(Reactor& reactor, int kind, int fd, Reactor::per_descriptor_data& data, std::function<void()> then) {
    then_ = std::move(then);
    if (queued_) return;
    queued_ = true;
    ec_ = {};
    arming_ = true;  // start_op may ask perform() at once; the caller has just seen the descriptor block
    reactor.start_op(kind, fd, data, this, false, true);
    arming_ = false;
  }

  void forget() { then_ = nullptr; }

  void abandon() {
    then_ = nullptr;
    if (queued_) {
      abandoned_ = true;
    } else {
      delete this;
    }
  }

 private:
  ~Wait() = default;

  static status perform(reactor_op* base) { return static_cast<Wait*>(base)->arming_ ? not_done : done_and_exhausted; }

  // `owner` is null when the io_context is being destroyed: the wait is given back without being run.
  static void complete(void* owner, asio::detail::operation* base, const boost::system::error_code&, std::size_t) {
    auto* wait = static_cast<Wait*>(base);
    wait->queued_ = false;
    if (wait->abandoned_) {
      delete wait;
      return;
    }
    if (owner == nullptr || !wait->then_) return;
    auto then = std::move(wait->then_);
    wait->then_ = nullptr;
    then();  // may wait again, or destroy the Readiness
  }

  std::function<void()> then_;
  bool queued_ = false;
  bool arming_ = false;
  bool abandoned_ = false;
};

}  // namespace

struct Readiness::State {
  asio::io_context* context = nullptr;
  Reactor* reactor = nullptr;
  int fd = -1;
  Reactor::per_descriptor_data data{};
  std::array<Wait*, 2> waits{};  // indexed by Reactor::read_op and write_op; made at first use

  Wait& wait(int kind) {
    auto& slot = waits[static_cast<std::size_t>(kind)];
    if (slot == nullptr) slot = new Wait;
    return *slot;
  }

  // Asio reuses its data of a descriptor at once, though an event of the old descriptor may wait in the loop's queue: whoever is
  // watched next would be told of it. So the data is given back behind that.
  ~State() {
    reactor->deregister_descriptor(fd, data, false);
    if (data != nullptr)
      asio::post(*context, [from = reactor, old = data]() mutable { from->cleanup_descriptor_data(old); });
    for (auto* wait : waits)
      if (wait != nullptr) wait->abandon();
  }
};

Result<Readiness> Readiness::watch(asio::io_context& context, int fd) {
  auto& reactor = asio::use_service<Reactor>(context);
  reactor.init_task();
  Reactor::per_descriptor_data data{};
  if (const int code = reactor.register_descriptor(fd, data); code != 0)
    return os_error("cannot watch", "descriptor " + std::to_string(fd), code);
  // Where epoll said EPERM, Asio remembers it and completes every wait at once: always ready.
  auto state = std::make_unique<State>();
  state->context = &context;
  state->reactor = &reactor;
  state->fd = fd;
  state->data = data;
  return Readiness(std::move(state));
}

void Readiness::when_readable(std::function<void()> then) {
  state_->wait(Reactor::read_op).start(*state_->reactor, Reactor::read_op, state_->fd, state_->data, std::move(then));
}

void Readiness::when_writable(std::function<void()> then) {
  state_->wait(Reactor::write_op).start(*state_->reactor, Reactor::write_op, state_->fd, state_->data, std::move(then));
}

void Readiness::cancel() {
  if (!state_) return;
  for (auto* wait : state_->waits)
    if (wait != nullptr) wait->forget();
}

Readiness::Readiness() = default;
Readiness::Readiness(std::unique_ptr<State> state) : state_(std::move(state)) {}
Readiness::Readiness(Readiness&&) noexcept = default;
Readiness& Readiness::operator=(Readiness&&) noexcept = default;
Readiness::~Readiness() = default;

}  // namespace farpty
