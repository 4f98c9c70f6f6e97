#include "app/own_address.hpp"

#include <unistd.h>

#include <array>

namespace farpty::app {

std::string address_text(std::string_view host, std::uint16_t port) {
  net::Url url{.protocol = net::Protocol::kFarpty, .host = std::string(host), .port = port};
  return url.text();
}

std::string address_of(const net::Url& door, const std::string& host) {
  if (!host.empty()) return address_text(host, door.port);
  if (door.host != "0.0.0.0" && door.host != "::") return address_text(door.host, door.port);
  std::array<char, 256> own{};
  if (gethostname(own.data(), own.size() - 1) != 0) return address_text("localhost", door.port);
  return address_text(own.data(), door.port);
}

}  // namespace farpty::app
