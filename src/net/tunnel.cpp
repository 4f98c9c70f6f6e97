#include "net/tunnel.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

#include "base/log.hpp"
#include "base/names.hpp"

namespace farpty::net {

namespace {

constexpr std::uint16_t kHttpPort = 80;
constexpr std::size_t kMostOfAStatusLine = 200;  // that people are shown

std::unexpected<Error> not_understood(std::string reason) {
  return failure("cannot use", "the proxy of https_proxy", std::move(reason),
                 "write it like http://proxy.example.org:3128, or http://user:password@...");
}

bool equal_letters(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

// As curl has it: a name stands for itself and for what ends with it behind a dot; "*" alone for all.
bool is_excepted(std::string_view host, std::string_view list) {
  while (!list.empty()) {
    const auto end = list.find_first_of(", ");
    std::string_view one = list.substr(0, end);
    list = end == std::string_view::npos ? std::string_view() : list.substr(end + 1);
    if (one == "*") return true;
    while (one.starts_with('.')) one.remove_prefix(1);
    if (one.starts_with('[') && one.ends_with(']')) one = one.substr(1, one.size() - 2);
    if (one.empty() || one.size() > host.size() || !equal_letters(host.substr(host.size() - one.size()), one)) continue;
    if (one.size() == host.size() || host[host.size() - one.size() - 1] == '.') return true;
  }
  return false;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
  };
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    if (i + 2 >= text.size() || digit(text[i + 1]) < 0 || digit(text[i + 2]) < 0) return std::nullopt;
    decoded += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
    i += 2;
  }
  return decoded;
}

std::string base64(std::string_view text) {
  std::string encoded((text.size() + 2) / 3 * 4 + 1, '\0');  // EVP_EncodeBlock(3) adds a NUL
  const int count = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                                    reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  encoded.resize(static_cast<std::size_t>(count));
  return encoded;
}

std::string variable(const char* small, const char* large) {
  for (const char* name : {small, large})
    if (const char* const value = std::getenv(name); value != nullptr && *value != '\0') return value;
  return {};
}

std::string host_and_port(const Url& url) {
  const bool v6 = url.host.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", v6 ? "[" : "", url.host, v6 ? "]" : "", url.port);
}

}  // namespace

ProxyEnvironment ProxyEnvironment::read() {
  return {.proxy = variable("https_proxy", "HTTPS_PROXY"), .except = variable("no_proxy", "NO_PROXY")};
}

Result<std::optional<Tunnel>> Tunnel::find(const Url& target, const ProxyEnvironment& environment) {
  if (environment.proxy.empty() || is_excepted(target.host, environment.except)) return std::nullopt;
  std::string_view text = environment.proxy;
  if (const auto scheme = text.find("://"); scheme != std::string_view::npos) {
    if (!equal_letters(text.substr(0, scheme), "http"))
      return not_understood("only http:// proxies are spoken to (what goes through them is encrypted)");
    text.remove_prefix(scheme + 3);
  }
  text = text.substr(0, text.find('/'));
  Tunnel tunnel;
  if (const auto at = text.rfind('@'); at != std::string_view::npos) {
    auto decoded = percent_decoded(text.substr(0, at));
    if (!decoded) return not_understood("a '%' of its user or password is not followed by two hexadecimal digits");
    if (std::ranges::any_of(*decoded, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; }))
      return not_understood("its user or password holds a control character");
    tunnel.credentials_ = std::move(*decoded);
    text.remove_prefix(at + 1);
  }
  // As of a door: the one parser of hosts and ports. What it says of the text is not said here, for it quotes it.
  auto parsed = parse_url(
      "raw://" + std::string(text) +
      (text.ends_with(']') || text.find(':') == std::string_view::npos ? ":" + std::to_string(kHttpPort) : ""));
  if (!parsed || parsed->port == 0) return not_understood("its host or its port is not one");
  tunnel.proxy_ = std::move(*parsed);
  tunnel.target_ = host_and_port(target);
  return tunnel;
}

std::string Tunnel::name() const { return host_and_port(proxy_); }

auth::SecretBytes Tunnel::request() const {
  std::string text = fmt::format("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n", target_);
  if (!credentials_.empty()) text += "Proxy-Authorization: Basic " + base64(credentials_) + "\r\n";
  text += "\r\n";
  const Bytes bytes = as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

Result<std::optional<Tunnel::Answer>> Tunnel::understand(std::string_view answer) const {
  const auto refuse = [this](const std::string& why) -> std::unexpected<Error> {
    return failure("cannot connect by", "the proxy " + name(), fmt::format("the proxy {} {}", name(), why));
  };
  constexpr std::string_view kBegin = "HTTP/1.";
  if (answer.substr(0, kBegin.size()) != kBegin.substr(0, answer.size())) return refuse("does not speak HTTP");
  const auto line_end = answer.find("\r\n");
  const auto end = answer.find("\r\n\r\n");
  if (end == std::string_view::npos) {
    if (answer.size() >= kMaxAnswer) return refuse("answers without an end");
    return std::nullopt;
  }
  const std::string_view line = answer.substr(0, line_end);
  const std::string shown = log::printable(line, kMostOfAStatusLine);
  // "HTTP/1.1 200 Connection established": RFC 9112, 4
  const bool is_status = line.size() >= 12 && line[7] >= '0' && line[7] <= '9' && line[8] == ' ' &&
                         (line.size() == 12 || line[12] == ' ') &&
                         std::ranges::all_of(line.substr(9, 3), [](char c) { return c >= '0' && c <= '9'; });
  if (!is_status) return refuse("does not speak HTTP");
  if (line[9] != '2') return refuse(fmt::format("answered '{}'", shown));
  if (answer.size() > end + 4) return refuse("says more than it was asked");
  return Answer::kOpen;
}

}  // namespace farpty::net
