// An address of any bytes: never a crash, what is accepted is written back in a form that means the same, and neither it
// nor an error shows what stands behind a '#'.
#include "net/url.hpp"

#include <cstddef>
#include <cstdint>

#include "base/check.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace farpty;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto url = net::parse_target(text);
  if (url) {
    const auto again = net::parse_url(url->text());
    FARPTY_CHECK(again && again->text() == url->text() && again->user == url->user && again->port == url->port);
    FARPTY_CHECK(url->unix_socket || url->text().find('#') == std::string::npos);
  }
  // The same address with a token.
  constexpr std::string_view kToken = "\x01geheim\x01";
  if (text.find(kToken.substr(1)) != std::string_view::npos) return 0;  // shown, as a part of a host
  const auto secret = net::parse_target(std::string(text) + "#" + std::string(kToken));
  if (secret && !secret->unix_socket) FARPTY_CHECK(secret->text().find(kToken.substr(1)) == std::string::npos);
  if (!secret) FARPTY_CHECK(secret.error().message().find(kToken.substr(1)) == std::string::npos);
  return 0;
}
