#include "session/history.hpp"

#include <algorithm>

namespace farpty::session {

void History::append(Bytes output) {
  log_.append(output);
  forget_resizes();
}

void History::resized(WindowSize size) {
  const std::uint64_t number = (resizes_.empty() ? forgotten_ : resizes_.back().number) + 1;
  resizes_.push_back({.number = number, .offset = end(), .size = size});
  forget_resizes();
}

void History::forget_before(Offset offset) {
  log_.forget_before(offset);
  forget_resizes();
}

void History::forget_resizes() {
  while (!resizes_.empty() && (resizes_.front().offset < begin() || resizes_.size() > kMaxResizes)) {
    first_size_ = resizes_.front().size;
    forgotten_ = resizes_.front().number;
    resizes_.pop_front();
  }
}

History::Resize History::resize_before(Offset offset) const {
  const auto after = std::ranges::upper_bound(resizes_, offset, {}, &Resize::offset);
  if (after == resizes_.begin()) return {.number = forgotten_, .offset = begin(), .size = first_size_};
  return *std::prev(after);
}

const History::Resize* History::resize_after(std::uint64_t number) const {
  const auto after = std::ranges::upper_bound(resizes_, number, {}, &Resize::number);
  return after == resizes_.end() ? nullptr : &*after;
}

std::string History::redraw() { return "\x1b[H\x1b[2J"; }

}  // namespace farpty::session
