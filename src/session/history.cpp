#include "session/history.hpp"

#include <algorithm>

namespace farpty::session {

History::History(std::size_t retain, WindowSize size, Shown shown) : log_(retain), first_size_(size) {
  if (shown == Shown::kOnTerminal) picture_.emplace(size);
}

void History::append(Bytes output, pty::Stream stream) {
  const pty::Stream last = marks_.empty() ? first_stream_ : marks_.back().stream;
  if (stream != last && !output.empty()) marks_.push_back({.offset = end(), .stream = stream});
  log_.append(output);
  if (picture_) picture_->append(output);
  forget_marks();
  forget_resizes();
}

void History::resized(WindowSize size) {
  const std::uint64_t number = (resizes_.empty() ? forgotten_ : resizes_.back().number) + 1;
  resizes_.push_back({.number = number, .offset = end(), .size = size});
  if (picture_) picture_->resized(size);
  forget_resizes();
}

void History::forget_before(Offset offset) {
  log_.forget_before(offset);
  forget_marks();
  forget_resizes();
}

void History::forget_marks() {
  while (!marks_.empty() && marks_.front().offset <= begin()) {
    first_stream_ = marks_.front().stream;
    marks_.pop_front();
  }
}

History::Piece History::at(Offset offset) {
  const auto next = std::ranges::upper_bound(marks_, offset, {}, &Mark::offset);
  Piece piece{.bytes = log_.at(offset), .stream = next == marks_.begin() ? first_stream_ : std::prev(next)->stream};
  if (next != marks_.end())
    piece.bytes = piece.bytes.first(std::min(piece.bytes.size(), static_cast<std::size_t>(next->offset - offset)));
  return piece;
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

std::string History::redraw(std::size_t most) { return picture_ ? picture_->redraw(most) : std::string(); }

void History::settle() {
  if (picture_) picture_->settle();
}

}  // namespace farpty::session
