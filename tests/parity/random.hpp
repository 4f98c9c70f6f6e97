// A small generator of numbers that depend on nothing but the seed (splitmix64), so that a seed replays on any machine.
#pragma once

#include <cstdint>
#include <span>

namespace farpty::parity {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  // 0 .. bound-1
  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>((next() >> 32) * bound >> 32); }
  bool one_in(std::uint32_t n) { return below(n) == 0; }
  bool percent(std::uint32_t n) { return below(100) < n; }
  std::uint8_t byte() { return static_cast<std::uint8_t>(next() >> 56); }
  template <typename T>
  T pick(std::span<const T> from) {
    return from[below(static_cast<std::uint32_t>(from.size()))];
  }

 private:
  std::uint64_t state_;
};

}  // namespace farpty::parity
