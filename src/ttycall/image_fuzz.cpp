// A file of any bytes is looked at as an executable.
#include "ttycall/image.hpp"

#include <algorithm>
#include <cstring>
#include <span>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::span<const std::uint8_t> file(data, size);
  const auto read = [](void* of, std::uint64_t offset, void* to, std::size_t wanted) -> std::size_t {
    const auto& bytes = *static_cast<const std::span<const std::uint8_t>*>(of);
    if (offset >= bytes.size()) return 0;
    const std::size_t count = std::min<std::uint64_t>(wanted, bytes.size() - offset);
    std::memcpy(to, bytes.data() + offset, count);
    return count;
  };
  char interpreter[farpty::ttycall::kInterpreterRoom];
  static_cast<void>(farpty::ttycall::classify({read, &file}, interpreter));
  return 0;
}
