#include "session/byte_log.hpp"

#include <zstd.h>

#include <algorithm>

#include "base/check.hpp"

namespace farpty::session {

namespace {
constexpr int kLevel = 3;  // zstd's own default: some 300 MB/s, and text to a tenth
}

void ByteLog::append(Bytes bytes) {
  while (!bytes.empty()) {
    if (chunks_.empty() || chunks_.back().size == kChunk) {
      const bool goes_on = !chunks_.empty();  // it will be full, too: let it not grow from a byte again
      chunks_.push_back({.begin = end_});
      if (goes_on) chunks_.back().store.reserve(kChunk);
    }
    Chunk& last = chunks_.back();
    const Bytes part = bytes.first(std::min(bytes.size(), kChunk - last.size));
    last.store.insert(last.store.end(), part.begin(), part.end());
    last.size += part.size();
    end_ += part.size();
    bytes = bytes.subspan(part.size());
    if (size() > bound_) forget_before(end_ - bound_);
  }
}

void ByteLog::forget_before(Offset offset) {
  begin_ = std::clamp(offset, begin_, end_);
  while (!chunks_.empty() && chunks_.front().begin + chunks_.front().size <= begin_) chunks_.pop_front();
}

Bytes ByteLog::at(Offset offset) {
  FARPTY_CHECK(offset >= begin_ && offset <= end_);
  if (offset == end_) return {};
  const auto after = std::ranges::upper_bound(chunks_, offset, {}, &Chunk::begin);
  Chunk& chunk = *std::prev(after);
  unpack(chunk);
  return Bytes(chunk.store).subspan(static_cast<std::size_t>(offset - chunk.begin));
}

void ByteLog::pack() {
  for (Chunk& chunk : chunks_) {
    if (chunk.form != Chunk::Form::kPlain || chunk.size < kChunk) continue;
    std::vector<std::byte> packed(ZSTD_compressBound(chunk.size));
    const std::size_t size =
        ZSTD_compress(packed.data(), packed.size(), chunk.store.data(), chunk.store.size(), kLevel);
    if (ZSTD_isError(size) != 0 || size >= chunk.size) {  // for want of memory, or of anything to gain
      chunk.form = Chunk::Form::kDense;
      continue;
    }
    chunk.store.assign(packed.begin(), packed.begin() + static_cast<std::ptrdiff_t>(size));
    chunk.store.shrink_to_fit();
    chunk.form = Chunk::Form::kPacked;
  }
}

void ByteLog::unpack(Chunk& chunk) {
  if (chunk.form != Chunk::Form::kPacked) return;
  std::vector<std::byte> content(chunk.size);
  const std::size_t size = ZSTD_decompress(content.data(), content.size(), chunk.store.data(), chunk.store.size());
  FARPTY_CHECK(size == chunk.size);
  chunk.store = std::move(content);
  chunk.form = Chunk::Form::kPlain;
}

std::size_t ByteLog::memory() const {
  std::size_t sum = 0;
  for (const Chunk& chunk : chunks_) sum += chunk.store.capacity();
  return sum;
}

}  // namespace farpty::session
