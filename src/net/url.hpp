// Url: how every listener and every address a client dials is written.
//
//   raw://127.0.0.1:7777   telnet://[::1]:2323   telnet://host   raw+unix:///run/user/1000/shell
//   farpty://ann@host:7022   farpty://host/#TOKEN   or short: ann@host:7022, host
//
// Parsing only; nothing is resolved or opened here. What a URL may mean is decided by who uses it. A token is a secret:
// no error and no text() holds it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "auth/secret.hpp"
#include "base/result.hpp"

namespace farpty::net {

enum class Protocol { kRaw, kTelnet, kFarpty };

inline constexpr std::uint16_t kFarptyPort = 7022;  // free at IANA's when it was chosen

struct Url {
  Protocol protocol = Protocol::kRaw;
  bool unix_socket = false;
  std::string host;        // without brackets; empty for unix sockets
  std::uint16_t port = 0;  // 0: the kernel chooses (listening only)
  bool has_port = false;
  std::string path;         // unix sockets only; absolute
  std::string user;         // farpty only; empty where none is named
  auth::SecretBytes token;  // farpty only; an invitation's, not looked into (auth/token.hpp): never shown

  // Without the token.
  [[nodiscard]] std::string text() const;
};

// Errors name the part that is wrong and show a URL of the right form.
[[nodiscard]] Result<Url> parse_url(std::string_view text);

// What a person may write who wants to go somewhere: a URL, or [USER@]HOST[:PORT], which means farpty://.
[[nodiscard]] Result<Url> parse_target(std::string_view text);

[[nodiscard]] std::string_view scheme_of(Protocol protocol);

}  // namespace farpty::net
