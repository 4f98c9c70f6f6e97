// Url: how every listener and every address a client dials is written.
//
//   raw://127.0.0.1:7777   telnet://[::1]:2323   telnet://host   raw+unix:///run/user/1000/shell
//
// Parsing only; nothing is resolved or opened here. What a URL may mean is decided by who uses it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace farpty::net {

enum class Protocol { kRaw, kTelnet };

// A host name longer than this is no name (RFC 1035, 2.3.4).
inline constexpr std::size_t kMaxHostName = 255;

struct Url {
  Protocol protocol = Protocol::kRaw;
  bool unix_socket = false;
  std::string host;        // without brackets; empty for unix sockets
  std::uint16_t port = 0;  // 0: the kernel chooses (listening only)
  bool has_port = false;
  std::string path;  // unix sockets only; absolute

  [[nodiscard]] std::string text() const;
};

// Errors name the part that is wrong and show a URL of the right form.
[[nodiscard]] Result<Url> parse_url(std::string_view text);

[[nodiscard]] std::string_view scheme_of(Protocol protocol);

}  // namespace farpty::net
