// ByteQueue: a first-in first-out queue of bytes with a named bound. It holds no memory while it is empty, because most
// queues of most sessions are empty most of the time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "base/bytes.hpp"

namespace farpty {

class ByteQueue {
 public:
  explicit ByteQueue(std::size_t bound) : bound_(bound) {}

  [[nodiscard]] bool empty() const { return head_ == store_.size(); }
  [[nodiscard]] std::size_t size() const { return store_.size() - head_; }
  [[nodiscard]] std::size_t room() const { return bound_ - std::min(bound_, size()); }
  [[nodiscard]] Bytes front() const { return Bytes(store_).subspan(head_); }

  // Appends all of `bytes`, or, where they do not fit, nothing. The caller asks room() first; false is its bug or its
  // peer's, never a silent loss.
  [[nodiscard]] bool push(Bytes bytes) {
    if (bytes.size() > room()) return false;
    if (head_ > 0 && store_.size() + bytes.size() > store_.capacity()) make_room(bytes.size());
    store_.insert(store_.end(), bytes.begin(), bytes.end());
    return true;
  }

  void pop(std::size_t count) {
    head_ += std::min(count, size());
    if (head_ == store_.size()) clear();
  }

  // Keeps the oldest `count` bytes and drops what came after them.
  void truncate(std::size_t count) {
    if (count == 0) return clear();
    if (count < size()) store_.resize(head_ + count);
  }

  void clear() {
    head_ = 0;
    std::vector<std::byte>().swap(store_);
  }

 private:
  // What waits is moved at most once for as many bytes as wait: a long queue that is filled and emptied in small pieces would
  // otherwise move all of it for each.
  void make_room(std::size_t more) {
    const Bytes waiting = front();
    if (head_ >= waiting.size() && waiting.size() + more <= store_.capacity()) {
      store_.erase(store_.begin(), store_.begin() + static_cast<std::ptrdiff_t>(head_));
    } else {
      std::vector<std::byte> larger;
      larger.reserve(2 * waiting.size() + more);
      larger.assign(waiting.begin(), waiting.end());
      store_.swap(larger);
    }
    head_ = 0;
  }

  std::size_t bound_;
  std::size_t head_ = 0;
  std::vector<std::byte> store_;
};

}  // namespace farpty
