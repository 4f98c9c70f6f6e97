// Tunnel: the way through an HTTP proxy (CONNECT, RFC 9110, 9.3.6), as the environment names one: https_proxy or HTTPS_PROXY, and
// for whom it is not, no_proxy or NO_PROXY.
//
// It has no socket: what to say to the proxy, and what its answer means. The answer is the one thing that is read of somebody
// who has not proved who he is: bounded, and nothing of it is kept but the status line for people. Invariant: the proxy's
// credentials are in no error and no text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "auth/secret.hpp"
#include "base/result.hpp"
#include "net/url.hpp"

namespace farpty::net {

struct ProxyEnvironment {
  std::string proxy;   // "http://user:password@host:3128", "host:3128"; empty: none
  std::string except;  // "localhost,.example.org,10.0.0.7", or "*"

  static ProxyEnvironment read();
};

class Tunnel {
 public:
  // The way to `target`; nothing: no proxy is named, or not for this one.
  static Result<std::optional<Tunnel>> find(const Url& target, const ProxyEnvironment& environment);

  // The proxy, to be resolved and connected to. It resolves the target.
  [[nodiscard]] const Url& proxy() const { return proxy_; }
  [[nodiscard]] std::string name() const;  // "127.0.0.1:3128", for people

  [[nodiscard]] auth::SecretBytes request() const;

  // What the proxy has answered so far. nullopt: there is more to come. The error's reason holds its status line. What follows an
  // answer that opens the tunnel is an error: both of our protocols have us speak first.
  enum class Answer { kOpen };
  [[nodiscard]] Result<std::optional<Answer>> understand(std::string_view answer) const;

  static constexpr std::size_t kMaxAnswer = 8 * 1024;  // as most servers bound a request's header

 private:
  Tunnel() = default;

  Url proxy_;
  std::string target_;       // "host:port"
  std::string credentials_;  // "user:password" as Basic (RFC 7617) has it; empty: none
};

}  // namespace farpty::net
