#include "client/native_line.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include "base/log.hpp"
#include "base/timer.hpp"

namespace farpty::client {

namespace {

constexpr std::chrono::seconds kReachTime{10};  // for each address of the first connection
constexpr std::size_t kMostAttempts = 10;

}  // namespace

NativeLine::NativeLine(boost::asio::io_context& context, NativeKeys& keys, std::vector<net::Address> addresses,
                       std::string name, Owner& owner)
    : context_(context), keys_(keys), addresses_(std::move(addresses)), name_(std::move(name)), owner_(owner) {}

Result<> NativeLine::reach() {
  reaching_ = true;
  unreached_ = "it has no address";
  Timer patience(context_);
  for (next_address_ = 0; next_address_ < addresses_.size() && !call_;) {
    unreached_.clear();
    dial();
    patience.run_after(kReachTime, [this] { unreached_ = reason_of(ETIMEDOUT); });
    while (!call_ && unreached_.empty()) context_.run_one();
    patience.cancel();
    end_race();
  }
  next_address_ = 0;
  reaching_ = false;
  if (call_) return {};
  return failure("cannot connect to", name_, unreached_);
}

void NativeLine::dial() {
  if (attempts_.size() >= kMostAttempts) {
    gone_.push_back(std::move(attempts_.front()));
    attempts_.erase(attempts_.begin());
  }
  attempts_.push_back(keys_.call(context_, *this));
  attempts_.back()->open(addresses_[next_address_++ % addresses_.size()]);
}

void NativeLine::send(Bytes plain) {
  if (call_) call_->send(plain);
}

void NativeLine::finish() {
  if (call_) call_->finish();
}

void NativeLine::end_race() {
  for (auto& attempt : attempts_) gone_.push_back(std::move(attempt));
  attempts_.clear();
}

void NativeLine::up(Call& call) {
  const auto found = std::ranges::find(attempts_, &call, &std::unique_ptr<Call>::get);
  if (found == attempts_.end()) return;
  if (call_) gone_.push_back(std::move(call_));
  call_ = std::move(*found);
  attempts_.erase(found);
  end_race();
  log::debug("connected to {}", name_);
  if (!reaching_) owner_.connected();
}

void NativeLine::received(Call& call, Bytes plain) {
  if (&call != call_.get()) return;
  end_race();  // it was not dead, only slow
  owner_.received(plain);
}

void NativeLine::down(Call& call, const std::string& why, Call::Verdict verdict) {
  if (&call == call_.get()) {
    gone_.push_back(std::move(call_));
    if (!why.empty()) log::debug("the connection broke: {}", why);
    return owner_.broke(why);
  }
  const auto found = std::ranges::find(attempts_, &call, &std::unique_ptr<Call>::get);
  if (found == attempts_.end()) return;
  gone_.push_back(std::move(*found));
  attempts_.erase(found);
  if (reaching_)
    unreached_ = why.empty() ? "it closed the connection" : why;
  else if (verdict == Call::Verdict::kRefused && !call_)
    owner_.refused(why);
}

}  // namespace farpty::client
