// find: memchr over Bytes; the one inner loop of the codec.
#pragma once

#include <cstddef>
#include <cstring>

#include "base/bytes.hpp"

namespace farpty::telnet {

// The index of the first such byte at or after `from`, or bytes.size().
[[nodiscard]] inline std::size_t find(Bytes bytes, std::byte byte, std::size_t from = 0) noexcept {
  if (from >= bytes.size()) return bytes.size();
  const void* found = std::memchr(bytes.data() + from, std::to_integer<int>(byte), bytes.size() - from);
  return found == nullptr ? bytes.size()
                          : static_cast<std::size_t>(static_cast<const std::byte*>(found) - bytes.data());
}

}  // namespace farpty::telnet
