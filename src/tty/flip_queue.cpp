// Blocks, their sizes, and when the limit stops a writer (tty_buffer.c).
#include "tty/flip_queue.hpp"

namespace farpty::tty {

std::size_t FlipQueue::write(const std::uint8_t* bytes, std::size_t size, Reader reader) {
  reader_ = reader;
  std::size_t taken = 0;
  while (taken < size) {
    const std::size_t goal = size - taken < kLargest ? size - taken : kLargest;
    const std::size_t granted = request(goal);
    if (granted == 0) break;
    append(bytes + taken, granted);
    taken += granted;
  }
  return taken;
}

// A block too small for the whole piece is left as it is and a new one begun; only where none can be had, it is filled up
// (tty_buffer.c: __tty_buffer_request_room).
std::size_t FlipQueue::request(std::size_t size) {
  const std::size_t left = last().left();
  if (left >= size || add_block(size)) return size;
  return left;
}

// tty_buffer.c: tty_buffer_alloc
bool FlipQueue::add_block(std::size_t size) {
  size = FlipBlock::size_for(size);
  if (size == kGrain) {
    // A reader at work may have given this one back already, and then it is reused instead of a new one made.
    if (reader_ == Reader::kAtWork && has_small_block_before_last()) small_free_uncertain_ = true;
    if (memory_ > kLimit && small_free_uncertain_) raced_ = true;
  }
  if (size == kGrain && small_free_ > 0) {
    --small_free_;
  } else if (memory_ > kLimit) {
    return false;
  }
  if (count_ == kMostBlocks) return false;
  memory_ += size;
  ++count_;
  last() = {{.size = size}};
  return true;
}

void FlipQueue::append(const std::uint8_t* bytes, std::size_t size) {
  if (bytes_end_ + size > sizeof bytes_) {
    __builtin_memmove(bytes_, bytes_ + bytes_begin_, bytes_end_ - bytes_begin_);
    seen_ = seen_ > bytes_begin_ ? seen_ - bytes_begin_ : 0;
    bytes_end_ -= bytes_begin_;
    bytes_begin_ = 0;
  }
  __builtin_memcpy(bytes_ + bytes_end_, bytes, size);
  bytes_end_ += size;
  last().filled += size;
  last().waiting += size;
}

bool FlipQueue::has_small_block_before_last() {
  for (std::size_t i = 0; i + 1 < count_; ++i) {
    if (block(i).size == kGrain) return true;
  }
  return false;
}

bool FlipQueue::take_race() {
  const bool raced = raced_;
  raced_ = false;
  return raced;
}

// tty_buffer.c: tty_buffer_free
void FlipQueue::free_first() {
  const Block& freed = block(0);
  memory_ -= freed.size;
  if (freed.size == kGrain) ++small_free_;
  first_ = (first_ + 1) % kMostBlocks;
  --count_;
}

void FlipQueue::free_drained() {
  while (count_ > 1 && block(0).waiting == 0) free_first();
}

void FlipQueue::clear() {
  while (count_ > 1) free_first();
  last().waiting = 0;
  bytes_begin_ = bytes_end_ = seen_ = 0;
}

FlipQueue::Piece FlipQueue::front() {
  free_drained();
  return {.bytes = bytes_ + bytes_begin_, .size = block(0).waiting};
}

void FlipQueue::take(std::size_t size) {
  block(0).waiting -= size;
  bytes_begin_ += size;
}

FlipQueue::Piece FlipQueue::look_ahead() {
  seen_ = seen_ < bytes_begin_ ? bytes_begin_ : seen_;
  const Piece piece = {.bytes = bytes_ + seen_, .size = bytes_end_ - seen_};
  seen_ = bytes_end_;
  return piece;
}

}  // namespace farpty::tty
