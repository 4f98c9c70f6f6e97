// The pieces in which what is typed on a terminal is worked on: as the kernel's buffers between the ends of a pty would cut it.
//
// Only their lengths; the bytes are kept by who types them. What the kernel's limit would refuse is of no interest here: the
// device's queues are others (docs/line-discipline.md).
#pragma once

#include <cstddef>
#include <vector>

#include "tty/flip_block.hpp"

namespace farpty::device {

class TypedPieces {
 public:
  // So many bytes more, by one write(2) of the master.
  void add(std::size_t bytes);
  // The first of those that were not taken yet; 0: there are none.
  [[nodiscard]] std::size_t first() const { return waiting_.empty() ? 0 : waiting_.front(); }
  [[nodiscard]] std::size_t size() const { return size_; }
  void take(std::size_t bytes);
  // They will not come again. The block that is in use stays (tty_buffer.c: tty_buffer_flush).
  void clear();

 private:
  void put(std::size_t bytes);

  tty::FlipBlock block_;
  std::vector<std::size_t> waiting_;  // by block
  std::size_t size_ = 0;
};

}  // namespace farpty::device
