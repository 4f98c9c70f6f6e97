// The queue between the two ends of a pty, which counts its room as the kernel does (tty_buffer.c).
//
// Bytes wait in blocks; room is what is left of a limit after the sizes of the blocks in use, so a writer is stopped earlier
// or later depending on how earlier writes fell into blocks. Blocks are also the pieces in which a reader is fed.
// Fixed storage, no allocation. Invariant: bytes leave in the order in which they came.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tty/flip_block.hpp"

namespace farpty::tty {

class FlipQueue {
 public:
  static constexpr std::size_t kLimit = 8192;  // pty.c: pty_common_install, tty_buffer_set_limit

  // Bytes that fit for certain; a write may take more (tty_buffer.c: tty_buffer_space_avail).
  [[nodiscard]] std::size_t room() const { return memory_ < kLimit ? kLimit - memory_ : 0; }
  // Takes up to `size` bytes and returns how many (tty_buffer.c: __tty_insert_flip_string_flags). The reader is at work
  // meanwhile, or stuck because its own queue is full.
  enum class Reader : std::uint8_t { kAtWork, kStuck };
  std::size_t write(const std::uint8_t* bytes, std::size_t size, Reader reader);
  // Drops what was not taken out (tty_buffer.c: tty_buffer_flush).
  void clear();

  struct Piece {
    const std::uint8_t* bytes;
    std::size_t size;  // 0: the queue is empty
  };
  // The next bytes that lie in one block. Valid until the next call of anything else (tty_buffer.c: flush_to_ldisc).
  [[nodiscard]] Piece front();
  void take(std::size_t size);
  // The next piece of what look-ahead has not seen, now seen (tty_buffer.c: lookahead_bufs).
  [[nodiscard]] Piece look_ahead();

  [[nodiscard]] bool empty() const { return bytes_end_ == bytes_begin_; }
  [[nodiscard]] std::size_t size() const { return bytes_end_ - bytes_begin_; }
  [[nodiscard]] std::size_t memory() const { return memory_; }
  // Since the last call: was the last write's count a matter of when the kernel's reader gave back a small block?
  [[nodiscard]] bool take_race();

 private:
  static constexpr std::size_t kGrain = FlipBlock::kGrain, kLargest = FlipBlock::kLargest;
  static constexpr std::size_t kMostMemory = 2 * kLimit + kGrain + kLargest;  // small blocks are reused above the limit
  static constexpr std::size_t kMostBlocks = kMostMemory / kGrain + 2;

  struct Block : FlipBlock {
    std::size_t waiting = 0;  // bytes not yet taken out
  };

  [[nodiscard]] Block& block(std::size_t i) { return blocks_[(first_ + i) % kMostBlocks]; }
  [[nodiscard]] Block& last() { return block(count_ - 1); }
  [[nodiscard]] std::size_t request(std::size_t size);
  [[nodiscard]] bool has_small_block_before_last();
  bool add_block(std::size_t size);
  void free_first();
  void free_drained();
  void append(const std::uint8_t* bytes, std::size_t size);

  std::size_t memory_ = 0;
  std::size_t small_free_ = 0;  // blocks of one grain that are kept for reuse
  Reader reader_ = Reader::kStuck;
  bool small_free_uncertain_ = false;
  bool raced_ = false;
  std::size_t first_ = 0, count_ = 1;
  Block blocks_[kMostBlocks];
  std::size_t bytes_begin_ = 0, bytes_end_ = 0, seen_ = 0;
  std::uint8_t bytes_[2 * kMostMemory] = {};
};

}  // namespace farpty::tty
