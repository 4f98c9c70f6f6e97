// An IP address as a value: what from= compares and penalties are kept by. No socket, no resolver.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace farpty::auth {

struct IpAddress {
  enum class Family { kV4, kV6 };

  // "192.0.2.1", "2001:db8::1", "fe80::1%eth0" (the zone is dropped). An IPv4 address in IPv6's clothes (::ffff:192.0.2.1)
  // is the IPv4 address. std::nullopt where it is none.
  static std::optional<IpAddress> parse(std::string_view text);

  [[nodiscard]] std::string text() const;
  [[nodiscard]] unsigned bits() const { return family == Family::kV4 ? 32 : 128; }
  // The address with all but its first `count` bits cleared; count <= bits().
  [[nodiscard]] IpAddress network(unsigned count) const;

  auto operator<=>(const IpAddress&) const = default;

  Family family = Family::kV4;
  std::array<std::byte, 16> bytes{};  // network order; IPv4 in the first four, the rest zero
};

}  // namespace farpty::auth
