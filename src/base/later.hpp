// Later: one function to be run by the event loop in its next round, forgotten if its owner is gone before.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

namespace farpty {

class Later {
 public:
  explicit Later(boost::asio::io_context& context) : context_(context) {}
  Later(const Later&) = delete;
  Later& operator=(const Later&) = delete;
  ~Later() { cancel(); }

  // Replaces what was asked for before and has not run.
  void run(std::function<void()> then) {
    if (slot_ && *slot_) {
      *slot_ = std::move(then);
      return;
    }
    // Shared with the queued handler, which may outlive the owner by one round.
    if (!slot_) slot_ = std::make_shared<std::function<void()>>();
    *slot_ = std::move(then);
    boost::asio::post(context_, [slot = slot_] {
      if (!*slot) return;
      const auto now = std::exchange(*slot, nullptr);
      now();
    });
  }

  [[nodiscard]] bool pending() const { return slot_ && *slot_; }

  void cancel() {
    if (slot_) *slot_ = nullptr;
    slot_.reset();  // a handler that is queued keeps the old slot, empty
  }

 private:
  boost::asio::io_context& context_;
  std::shared_ptr<std::function<void()>> slot_;
};

}  // namespace farpty
