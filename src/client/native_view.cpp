#include "client/native_view.hpp"

#include <utility>

namespace farpty::client {

NativeView::Change NativeView::pen(PenState state) {
  pen_ = state;
  return look();
}

NativeView::Change NativeView::far_resized(WindowSize size) {
  far_ = size;
  if (fitted_) fitted_->far_resized(size);
  return look();
}

NativeView::Change NativeView::own_resized(std::optional<WindowSize> size) {
  own_ = size;
  if (fitted_ && own_) fitted_->own_resized(*own_);
  return look();
}

// Who has the pen is given the stream: his size is the session's in a moment. But what is fitted stays so until it is.
NativeView::Change NativeView::look() {
  if (!far_) return {};
  const bool fits = !own_ || *own_ == *far_;
  if (!fitted_ && !fits && pen_ == PenState::kHaveNot) {
    fitted_ = std::make_unique<FittedScreen>(*far_, *own_);
    awaits_ = has_output_;
    return {.output = {}, .wants_snapshot = awaits_};
  }
  if (!fitted_ || !fits) return {};
  const auto fitted = std::exchange(fitted_, nullptr);
  if (std::exchange(awaits_, false)) return {};  // it was asked for, and draws all
  Change change{.output = fitted->whole()};
  if (change.output.size() > kMostOfAScreen) change = {.output = {}, .wants_snapshot = true};
  return change;
}

void NativeView::redraws(WindowSize size) {
  far_ = size;
  awaits_ = false;
  if (fitted_) fitted_->restart(size);
}

bool NativeView::passes(Bytes output) {
  has_output_ = true;
  if (!fitted_) return true;
  if (!awaits_) fitted_->feed(output);
  return false;
}

std::string NativeView::paint() { return fitted_ && !awaits_ ? fitted_->paint() : std::string(); }

void NativeView::lend_last_row() {
  if (fitted_) fitted_->lend_last_row();
}

void NativeView::take_last_row_back() {
  if (fitted_) fitted_->take_last_row_back();
}

}  // namespace farpty::client
