// `farpty connect --ssh`: ssh fetches an invitation from a server of the user's over there, and starts one where there is
// none; the session itself does not go through ssh.
#pragma once

#include <string>
#include <vector>

#include "net/url.hpp"

namespace farpty::client {

struct SshWish {
  std::string destination;                     // as ssh(1) takes it
  std::vector<std::string> program = {"ssh"};  // and its options
  std::string far_program = "farpty";          // over there
};

// Runs ssh, which may ask its user at the terminal, and returns the address with its token. The host in it is the one that
// ssh goes to by its configuration.
Result<net::Url> fetch_by_ssh(const SshWish& wish);

// "ssh -p 2222" as words; quotes mean nothing.
[[nodiscard]] std::vector<std::string> words_of(const std::string& text);

}  // namespace farpty::client
