// The options before a key in authorized_keys (sshd(8), AUTHORIZED_KEYS FILE FORMAT; OpenSSH's sshauthopt_parse()).
//
//   command="rsync --server",from="192.0.2.0/24",expiry-time="20301231Z",no-pty,read-only,restrict
//
// Fails closed: an option that is not known here refuses the whole line, for it may be one that takes rights away. Of the
// many that sshd knows, those about forwarding and user-rc are known and change nothing: farpty does neither.
#pragma once

#include <optional>
#include <string_view>

#include "auth/address_list.hpp"
#include "auth/expiry_time.hpp"
#include "auth/grants.hpp"

namespace farpty::auth {

struct KeyOptions {
  Grants grants;                    // expires: the earliest expiry-time
  std::optional<AddressList> from;  // may come from there only
};

// `text`: the options alone, without the white space behind them. The error's reason is what to tell.
Result<KeyOptions> parse_key_options(std::string_view text, const TimeZone& zone);

// How many bytes of `line` its options take: up to the first space or tab outside quotes. std::nullopt where a quote is
// not closed (OpenSSH's sshkey_advance_past_options()).
[[nodiscard]] std::optional<std::size_t> length_of_options(std::string_view line);

}  // namespace farpty::auth
