#include "auth/ip_address.hpp"

// inet_pton(3) and inet_ntop(3) look at nothing but their arguments.
#include <arpa/inet.h>

#include <algorithm>

namespace farpty::auth {

namespace {
constexpr std::array<std::byte, 12> kMapped{{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, std::byte{0xff}, std::byte{0xff}}};
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  const bool v6 = text.find(':') != std::string_view::npos;
  if (v6) text = text.substr(0, text.find('%'));
  if (text.size() >= INET6_ADDRSTRLEN || text.find('\0') != std::string_view::npos) return std::nullopt;
  const std::string terminated(text);
  IpAddress address{.family = v6 ? Family::kV6 : Family::kV4};
  if (inet_pton(v6 ? AF_INET6 : AF_INET, terminated.c_str(), address.bytes.data()) != 1) return std::nullopt;
  if (v6 && std::equal(kMapped.begin(), kMapped.end(), address.bytes.begin())) {
    IpAddress mapped;
    std::copy(address.bytes.begin() + kMapped.size(), address.bytes.end(), mapped.bytes.begin());
    return mapped;
  }
  return address;
}

std::string IpAddress::text() const {
  char buffer[INET6_ADDRSTRLEN] = {};
  const int type = family == Family::kV4 ? AF_INET : AF_INET6;
  return inet_ntop(type, bytes.data(), static_cast<char*>(buffer), sizeof buffer) == nullptr
             ? ""
             : std::string(static_cast<const char*>(buffer));
}

IpAddress IpAddress::network(unsigned count) const {
  IpAddress cleared = *this;
  for (unsigned i = 0; i < cleared.bytes.size(); ++i) {
    const unsigned kept = std::min(8U, count - std::min(count, i * 8));
    cleared.bytes[i] &= static_cast<std::byte>(0xff00U >> kept);
  }
  return cleared;
}

}  // namespace farpty::auth
