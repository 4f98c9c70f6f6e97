#include "net/url.hpp"

#include <sys/un.h>

#include <algorithm>
#include <charconv>

namespace farpty::net {

namespace {

constexpr std::uint16_t kTelnetPort = 23;  // RFC 854

std::unexpected<Error> malformed(std::string_view text, std::string reason) {
  return failure("cannot understand", "'" + std::string(text) + "'", std::move(reason),
                 "write it like raw://127.0.0.1:7777, telnet://[::1]:2323 or raw+unix:///path");
}

// Names and numeric addresses; nothing that a shell or a log could take for something else.
bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
         c == '_' || c == ':' || c == '%';
}

Result<std::uint16_t> parse_port(std::string_view text, std::string_view port) {
  unsigned value = 0;
  const auto [end, code] = std::from_chars(port.data(), port.data() + port.size(), value);
  if (code != std::errc{} || end != port.data() + port.size() || value > 65535)
    return malformed(text, "'" + std::string(port) + "' is not a port from 0 to 65535");
  return static_cast<std::uint16_t>(value);
}

Result<Url> parse_host_and_port(std::string_view text, Url url, std::string_view rest) {
  if (rest.ends_with('/')) rest.remove_suffix(1);
  std::string_view port;
  if (rest.starts_with('[')) {
    const auto close = rest.find(']');
    if (close == std::string_view::npos) return malformed(text, "']' is missing after the IPv6 address");
    url.host = rest.substr(1, close - 1);
    rest.remove_prefix(close + 1);
    if (!rest.empty() && !rest.starts_with(':')) return malformed(text, "only a port can follow ']'");
    url.has_port = !rest.empty();
    if (url.has_port) port = rest.substr(1);
  } else {
    const auto colon = rest.rfind(':');
    if (colon != std::string_view::npos && rest.find(':') != colon)
      return malformed(text, "an IPv6 address needs brackets");
    url.host = rest.substr(0, colon);
    url.has_port = colon != std::string_view::npos;
    if (url.has_port) port = rest.substr(colon + 1);
  }
  if (url.host.empty()) return malformed(text, "the host is missing");
  if (url.host.size() > kMaxHostName || url.host.starts_with('-') || !std::ranges::all_of(url.host, is_host_character))
    return malformed(text, "the host is not a name or an address");
  if (url.has_port) {
    FARPTY_ASSIGN(number, parse_port(text, port));
    url.port = number;
  } else if (url.protocol == Protocol::kTelnet) {
    url.port = kTelnetPort;
  } else {
    return malformed(text, "the port is missing");
  }
  return url;
}

}  // namespace

std::string_view scheme_of(Protocol protocol) { return protocol == Protocol::kRaw ? "raw" : "telnet"; }

std::string Url::text() const {
  const std::string scheme(scheme_of(protocol));
  if (unix_socket) return scheme + "+unix://" + path;
  const bool v6 = host.find(':') != std::string::npos;
  return scheme + "://" + (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<Url> parse_url(std::string_view text) {
  const auto separator = text.find("://");
  if (separator == std::string_view::npos) return malformed(text, "it has no scheme://");
  std::string_view scheme = text.substr(0, separator);
  const std::string_view rest = text.substr(separator + 3);
  Url url;
  if (scheme.ends_with("+unix")) {
    url.unix_socket = true;
    scheme.remove_suffix(5);
  }
  if (scheme == "raw") {
    url.protocol = Protocol::kRaw;
  } else if (scheme == "telnet") {
    url.protocol = Protocol::kTelnet;
  } else {
    return malformed(text, "'" + std::string(scheme) + "' is no protocol of ours");
  }
  if (!url.unix_socket) return parse_host_and_port(text, std::move(url), rest);
  if (!rest.starts_with('/')) return malformed(text, "the path of a unix socket starts with '/'");
  if (rest.size() >= sizeof(sockaddr_un::sun_path)) return malformed(text, "the path is too long for a unix socket");
  if (rest.find('\0') != std::string_view::npos) return malformed(text, "the path holds a NUL byte");
  url.path = rest;
  return url;
}

}  // namespace farpty::net
