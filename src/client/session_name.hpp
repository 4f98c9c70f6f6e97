// How a person names a session: "3", where only one server has a session of that number, or "4711.3", the server's pid and
// the number. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "control/messages.hpp"

namespace farpty::client {

struct SessionName {
  std::optional<std::int64_t> server;
  unsigned session = 0;
};

Result<SessionName> parse_session_name(std::string_view text);

struct Target {
  std::int64_t server = 0;
  unsigned session = 0;
};

// The one host of these listeners that has the name; nothing: the one that there is.
Result<Target> find_host(const std::optional<SessionName>& name, const std::vector<control::Server>& servers);

// The one session of these servers, or host of these listeners, that has the name. The errors say what to write instead.
Result<Target> find_session(const SessionName& name, const std::vector<control::Server>& servers);

}  // namespace farpty::client
