// The sessions of a native server, as `farpty ls` shows them. Whatever stands in them came from the server and is made
// printable. Pure.
#pragma once

#include <string>
#include <vector>

#include "control/messages.hpp"
#include "wire/messages.hpp"

namespace farpty::client {

// A table with a heading; empty where there are none.
[[nodiscard]] std::string session_list(const std::vector<wire::Listed>& sessions);

// For programs: {"sessions":[...]}, indented, ASCII only.
[[nodiscard]] std::string session_list_json(const std::vector<wire::Listed>& sessions);

// The hosts that dialled in at the listeners among these servers: a table with a heading, empty where there are none.
[[nodiscard]] std::string host_list(const std::vector<control::Server>& servers);

}  // namespace farpty::client
