// The list of from="..." in authorized_keys: addresses, networks and patterns, after OpenSSH's addr_match_list() and
// match_pattern() (ssh_config(5), PATTERNS).
//
//   192.0.2.7   2001:db8::/32   !10.0.0.0/8   192.0.2.*   *
//
// Only addresses are compared. A pattern for a host's name can be written and matches nothing, as in sshd with its default
// of UseDNS no. Stricter than sshd: a list with an element that cannot be meant (10.0.0.1/33, 10.0.0.1/8) is refused as a
// whole, there it is when it is used.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "auth/ip_address.hpp"
#include "base/result.hpp"

namespace farpty::auth {

// `pattern` with * for any characters and ? for any one.
[[nodiscard]] bool matches_pattern(std::string_view text, std::string_view pattern);

class AddressList {
 public:
  static Result<AddressList> parse(std::string_view list);

  // Some element matches and none that begins with '!' does. Nothing matches what has no address (a unix socket).
  [[nodiscard]] bool matches(const std::optional<IpAddress>& address) const;

 private:
  struct Network {
    IpAddress address;
    unsigned bits = 0;
  };
  struct Element {
    bool negated = false;
    std::variant<std::string, Network> what;
  };
  std::vector<Element> elements_;
};

}  // namespace farpty::auth
