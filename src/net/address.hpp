// Socket addresses as values: resolved from URLs, shown to people, compared for limits.
#pragma once

#include <sys/socket.h>

#include <string>
#include <vector>

#include "base/result.hpp"
#include "net/url.hpp"

namespace farpty::net {

struct Address {
  sockaddr_storage storage{};
  socklen_t length = 0;

  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  [[nodiscard]] sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  [[nodiscard]] int family() const { return storage.ss_family; }
  [[nodiscard]] bool is_loopback() const;  // 127.0.0.0/8, ::1, their mapped forms, unix
  [[nodiscard]] std::string host() const;  // "127.0.0.1", "::1"; "" for unix
  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] std::string text() const;  // "127.0.0.1:50000", "[::1]:50000", "unix"
};

enum class Purpose { kListen, kDial };

// All addresses of a URL, in the resolver's order. Blocking (getaddrinfo(3)): at start only.
Result<std::vector<Address>> resolve(const Url& url, Purpose purpose);

// As shown to people: "127.0.0.1:50000", "unix".
[[nodiscard]] std::string peer_text(int socket);

Address local_address(int socket);
Address peer_address(int socket);

}  // namespace farpty::net
