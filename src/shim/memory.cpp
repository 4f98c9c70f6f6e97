// The four functions that compilers call behind one's back, for a library that may not take them from a libc.
#include <cstddef>
#include <cstdint>

#define HIDDEN extern "C" __attribute__((visibility("hidden"), used))

HIDDEN void* memcpy(void* to, const void* from, std::size_t size) {
  auto* target = static_cast<std::uint8_t*>(to);
  const auto* source = static_cast<const std::uint8_t*>(from);
  for (std::size_t i = 0; i < size; ++i) target[i] = source[i];
  return to;
}

HIDDEN void* memmove(void* to, const void* from, std::size_t size) {
  auto* target = static_cast<std::uint8_t*>(to);
  const auto* source = static_cast<const std::uint8_t*>(from);
  if (target <= source) return memcpy(to, from, size);
  while (size-- > 0) target[size] = source[size];
  return to;
}

HIDDEN void* memset(void* to, int value, std::size_t size) {
  auto* target = static_cast<std::uint8_t*>(to);
  for (std::size_t i = 0; i < size; ++i) target[i] = static_cast<std::uint8_t>(value);
  return to;
}

HIDDEN int memcmp(const void* a, const void* b, std::size_t size) {
  const auto* left = static_cast<const std::uint8_t*>(a);
  const auto* right = static_cast<const std::uint8_t*>(b);
  for (std::size_t i = 0; i < size; ++i)
    if (left[i] != right[i]) return left[i] < right[i] ? -1 : 1;
  return 0;
}
