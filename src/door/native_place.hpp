// Where a native client sits, as it names it when it comes back: the session, the seat, and the run of the server. Opaque
// to the client; of use only to who logs in as the same identity. Pure.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>

#include "wire/messages.hpp"

namespace farpty::door {

using ServerRun = std::array<std::byte, 16>;  // random: seats of another run of the server mean nothing

struct NativePlace {
  unsigned session = 0;
  std::uint64_t seat = 0;

  [[nodiscard]] wire::Seat packed(const ServerRun& run) const {
    wire::Seat packed{};
    put(packed, 0, session);
    put(packed, 8, seat);
    std::ranges::copy(run, packed.begin() + 16);
    return packed;
  }

  // std::nullopt: it is of another run, or of none.
  static std::optional<NativePlace> unpack(const wire::Seat& packed, const ServerRun& run) {
    if (!std::ranges::equal(std::span(packed).subspan(16), run)) return std::nullopt;
    if (number(packed, 0) > std::numeric_limits<unsigned>::max()) return std::nullopt;
    return NativePlace{.session = static_cast<unsigned>(number(packed, 0)), .seat = number(packed, 8)};
  }

 private:
  static void put(wire::Seat& packed, std::size_t at, std::uint64_t number) {
    for (std::size_t i = 0; i < 8; ++i) packed[at + i] = static_cast<std::byte>(number >> (56 - 8 * i) & 0xff);
  }
  static std::uint64_t number(const wire::Seat& packed, std::size_t at) {
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < 8; ++i) number = number << 8 | std::to_integer<std::uint64_t>(packed[at + i]);
    return number;
  }
};

}  // namespace farpty::door
