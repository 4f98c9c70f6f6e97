#include "device/held_calls.hpp"

#include <algorithm>
#include <cerrno>

namespace farpty::device {

using Clock = std::chrono::steady_clock;

std::optional<Clock::time_point> HeldCalls::Held::wakes() const {
  if (!patience.until || !second_look) return patience.until ? patience.until : second_look;
  return std::min(*patience.until, *second_look);
}

HeldCalls::HeldCalls(boost::asio::io_context& context, Look look)
    : look_(std::move(look)), context_(context), later_(context) {}

void HeldCalls::take(std::shared_ptr<StoppedCall> call) {
  std::erase_if(held_, [&](const Held& held) { return held.call->thread == call->thread; });
  Held held{.call = std::move(call), .patience = {}, .number = 0, .awaits = {}, .second_look = {}};
  const Outcome outcome = look_(held.call, held.patience);
  if (outcome.kind != Outcome::Kind::kHeld) return;
  held.number = outcome.number;
  held.awaits = outcome.awaits;
  if (held_.size() >= drop_at_) drop_the_gone();
  if (held_.size() >= kMost) {
    held.call->answer(-EAGAIN);
    return;
  }
  held_.push_back(std::move(held));
  wait_for_timers();
}

void HeldCalls::drop_the_gone() {
  std::erase_if(held_, [](const Held& held) { return !held.call->waits(); });
  drop_at_ = std::clamp(2 * held_.size(), std::size_t{64}, kMost);
}

void HeldCalls::changed(int number) {
  if (held_.empty()) return;
  changed_.insert(number);
  later_.run([this] { look_at_changed(); });
}

void HeldCalls::look_at_changed() {
  const std::set<int> changed = std::exchange(changed_, {});
  look_at([&](const Held& held) { return changed.contains(held.number); });
}

void HeldCalls::look_at_all() {
  look_at([](const Held&) { return true; });
}

void HeldCalls::look_at(const std::function<bool(const Held&)>& which) {
  std::set<int> released;
  for (auto at = held_.begin(); at != held_.end();) {
    const bool reads = at->awaits == Outcome::Awaits::kInput;
    if (!which(*at) || (reads && released.contains(at->number))) {
      ++at;
      continue;
    }
    if (!at->call->waits()) {
      at = held_.erase(at);
      continue;
    }
    at->second_look.reset();
    const Outcome outcome = look_(at->call, at->patience);
    if (outcome.kind == Outcome::Kind::kReleased) {
      // Should it be killed before it has fetched what lies there, nothing changes that would wake the others.
      for (Held& other : held_)
        if (other.number == at->number) other.second_look = Clock::now() + kSecondLook;
      released.insert(at->number);
    }
    at = outcome.kind == Outcome::Kind::kHeld ? std::next(at) : held_.erase(at);
  }
  wait_for_timers();
}

void HeldCalls::wait_for_timers() {
  std::optional<Clock::time_point> first;
  for (const Held& held : held_)
    if (const auto wakes = held.wakes(); wakes && (!first || *wakes < *first)) first = wakes;
  if (!first) {
    if (timer_) timer_->cancel();
    return;
  }
  if (!timer_) timer_ = std::make_unique<Timer>(context_);
  timer_->run_at(*first, [this] {
    const auto now = Clock::now();
    look_at([now](const Held& held) {
      const auto wakes = held.wakes();
      return wakes && *wakes <= now;
    });
  });
}

}  // namespace farpty::device
