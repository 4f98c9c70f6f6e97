#include "device/typed_pieces.hpp"

#include <algorithm>

namespace farpty::device {

void TypedPieces::add(std::size_t bytes) {
  while (bytes > 0) {
    const std::size_t handed = std::min(bytes, tty::FlipBlock::kLargestWrite);
    for (std::size_t rest = handed; rest > 0;) {
      const std::size_t goal = std::min(rest, tty::FlipBlock::kLargest);
      put(goal);
      rest -= goal;
    }
    bytes -= handed;
  }
}

// A block that has not room for all of it is left as it is.
void TypedPieces::put(std::size_t bytes) {
  const bool fits = block_.left() >= bytes;
  if (!fits) block_ = {.size = tty::FlipBlock::size_for(bytes)};
  block_.filled += bytes;
  if (fits && !waiting_.empty())
    waiting_.back() += bytes;
  else
    waiting_.push_back(bytes);
  size_ += bytes;
}

void TypedPieces::take(std::size_t bytes) {
  size_ -= bytes;
  auto piece = waiting_.begin();
  for (; piece != waiting_.end() && bytes >= *piece; ++piece) bytes -= *piece;
  if (piece != waiting_.end()) *piece -= bytes;
  waiting_.erase(waiting_.begin(), piece);
}

void TypedPieces::clear() {
  waiting_.clear();
  size_ = 0;
}

}  // namespace farpty::device
