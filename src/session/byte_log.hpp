// ByteLog: the last bytes of a stream, each at its absolute offset: what was sent and may have to be sent again.
//
// Bounded: what is appended beyond `bound` makes it forget its oldest bytes. Stored in chunks, which can be compressed while
// nobody reads them. Pure: no clock, no descriptor. It holds no memory while it is empty.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "base/bytes.hpp"

namespace farpty::session {

class ByteLog {
 public:
  using Offset = std::uint64_t;
  static constexpr std::size_t kChunk = 64 * 1024;

  explicit ByteLog(std::size_t bound) : bound_(bound) {}

  [[nodiscard]] Offset begin() const { return begin_; }
  [[nodiscard]] Offset end() const { return end_; }
  [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(end_ - begin_); }
  [[nodiscard]] std::size_t room() const { return bound_ - size(); }

  void append(Bytes bytes);
  void forget_before(Offset offset);  // at most all of it

  // The bytes from `offset` on (begin() to end()) that lie in one piece, and nothing at end(). Unpacks their chunk. Good until
  // the log changes.
  [[nodiscard]] Bytes at(Offset offset);

  // Compresses every full chunk that is worth it (zstd). To be called again when more was appended or read: what is compressed
  // already costs nothing.
  void pack();
  [[nodiscard]] std::size_t memory() const;  // bytes that the chunks take

 private:
  struct Chunk {
    Offset begin = 0;
    std::size_t size = 0;                                                            // of its content
    enum class Form : std::uint8_t { kPlain, kPacked, kDense } form = Form::kPlain;  // kDense: packing gains nothing
    std::vector<std::byte> store;
  };
  static void unpack(Chunk& chunk);

  std::size_t bound_;
  Offset begin_ = 0, end_ = 0;
  std::deque<Chunk> chunks_;
};

}  // namespace farpty::session
