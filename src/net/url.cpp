#include "net/url.hpp"

#include <sys/un.h>

#include <charconv>
#include <optional>

#include "base/names.hpp"

namespace farpty::net {

namespace {

constexpr std::uint16_t kTelnetPort = 23;  // RFC 854

// What stands behind a '#' may be a token, and a token is not shown.
std::unexpected<Error> malformed(std::string_view text, std::string reason) {
  const auto fragment = text.find('#');
  std::string shown(text.substr(0, fragment));
  if (fragment != std::string_view::npos) shown += "#...";
  return failure(
      "cannot understand", "'" + shown + "'", std::move(reason),
      "write it like farpty://user@host:7022, raw://127.0.0.1:7777, telnet://[::1]:2323 or raw+unix:///path");
}

std::optional<Protocol> protocol_of(std::string_view scheme) {
  for (const Protocol protocol : {Protocol::kRaw, Protocol::kTelnet, Protocol::kFarpty})
    if (scheme == scheme_of(protocol)) return protocol;
  return std::nullopt;
}

std::optional<std::uint16_t> default_port(Protocol protocol) {
  switch (protocol) {
    case Protocol::kRaw: return std::nullopt;
    case Protocol::kTelnet: return kTelnetPort;
    case Protocol::kFarpty: return kFarptyPort;
  }
  return std::nullopt;
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
  if (!is_host_name(url.host)) return malformed(text, "the host is not a name or an address");
  if (url.has_port) {
    FARPTY_ASSIGN(number, parse_port(text, port));
    url.port = number;
  } else if (const auto usual = default_port(url.protocol)) {
    url.port = *usual;
  } else {
    return malformed(text, "the port is missing");
  }
  return url;
}

// [USER@]HOST[:PORT][/][#TOKEN]
Result<Url> parse_farpty(std::string_view text, Url url, std::string_view rest) {
  if (const auto fragment = rest.find('#'); fragment != std::string_view::npos) {
    const Bytes token = as_bytes(rest.substr(fragment + 1));
    url.token.assign(token.begin(), token.end());
    if (url.token.empty()) return malformed(text, "nothing stands behind '#'");
    rest = rest.substr(0, fragment);
  }
  if (const auto at = rest.rfind('@'); at != std::string_view::npos) {
    url.user = rest.substr(0, at);
    if (!is_user_name(url.user)) return malformed(text, "what stands before '@' is not a user's name");
    rest.remove_prefix(at + 1);
  }
  return parse_host_and_port(text, std::move(url), rest);
}

}  // namespace

std::string_view scheme_of(Protocol protocol) {
  switch (protocol) {
    case Protocol::kRaw: return "raw";
    case Protocol::kTelnet: return "telnet";
    case Protocol::kFarpty: return "farpty";
  }
  return "";
}

std::string Url::text() const {
  const std::string scheme(scheme_of(protocol));
  if (unix_socket) return scheme + "+unix://" + path;
  const bool v6 = host.find(':') != std::string::npos;
  return scheme + "://" + (user.empty() ? "" : user + "@") + (v6 ? "[" + host + "]" : host) + ":" +
         std::to_string(port);
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
  const auto protocol = protocol_of(scheme);
  if (!protocol) return malformed(text, "'" + std::string(scheme) + "' is no protocol of ours");
  url.protocol = *protocol;
  if (!url.unix_socket && url.protocol == Protocol::kFarpty) return parse_farpty(text, std::move(url), rest);
  if (!url.unix_socket && rest.find('#') != std::string_view::npos)
    return malformed(text, "only a farpty:// address carries a token");
  if (!url.unix_socket) return parse_host_and_port(text, std::move(url), rest);
  if (!rest.starts_with('/')) return malformed(text, "the path of a unix socket starts with '/'");
  if (rest.size() >= sizeof(sockaddr_un::sun_path)) return malformed(text, "the path is too long for a unix socket");
  if (rest.find('\0') != std::string_view::npos) return malformed(text, "the path holds a NUL byte");
  url.path = rest;
  return url;
}

Result<Url> parse_target(std::string_view text) {
  if (text.find("://") != std::string_view::npos) return parse_url(text);
  return parse_farpty(text, {.protocol = Protocol::kFarpty}, text);
}

}  // namespace farpty::net
