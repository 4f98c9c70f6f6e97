// Secrets in memory: they move and are not copied by accident, they are wiped when they go, and they compare in constant
// time. Nothing here prints or logs one. It is no protection from whoever can read this process's memory.
#pragma once

#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <vector>

#include "base/bytes.hpp"

namespace farpty::auth {

// Exactly N secret bytes. Empty (all zero) after it was moved from.
template <std::size_t N>
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::span<const std::byte, N> bytes) { std::ranges::copy(bytes, bytes_.begin()); }
  Secret(Secret&& other) noexcept : bytes_(other.bytes_) { other.wipe(); }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      bytes_ = other.bytes_;
      other.wipe();
    }
    return *this;
  }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { wipe(); }

  [[nodiscard]] Secret copy() const { return Secret(bytes()); }
  [[nodiscard]] std::span<const std::byte, N> bytes() const { return bytes_; }
  [[nodiscard]] std::span<std::byte, N> bytes() { return bytes_; }
  // Takes the same time wherever they differ (CRYPTO_memcmp(3)).
  [[nodiscard]] bool equals(const Secret& other) const {
    return CRYPTO_memcmp(bytes_.data(), other.bytes_.data(), N) == 0;
  }
  void wipe() { OPENSSL_cleanse(bytes_.data(), N); }

 private:
  std::array<std::byte, N> bytes_{};
};

// Frees memory only after it was overwritten.
template <typename T>
struct WipingAllocator {
  using value_type = T;
  WipingAllocator() = default;
  template <typename U>
  explicit WipingAllocator(const WipingAllocator<U>& /*other*/) {}
  T* allocate(std::size_t count) { return std::allocator<T>().allocate(count); }
  void deallocate(T* at, std::size_t count) {
    OPENSSL_cleanse(at, count * sizeof(T));
    std::allocator<T>().deallocate(at, count);
  }
  bool operator==(const WipingAllocator& /*other*/) const { return true; }
};

// Secret bytes of any length; wiped when it grows, too.
using SecretBytes = std::vector<std::byte, WipingAllocator<std::byte>>;

}  // namespace farpty::auth
