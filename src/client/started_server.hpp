// A server that is started where ssh has brought us and none of this user's can be used, as mosh does: it listens at the
// address by which ssh came in, and ends when nobody has been there for a while.
#pragma once

#include <sys/types.h>

#include "base/result.hpp"
#include "net/url.hpp"

namespace farpty::client {

// Whether who came by ssh (SSH_CONNECTION) can reach a door that listens there.
[[nodiscard]] bool is_for_ssh(const net::Url& door);

// Starts one in the background and waits until it listens; its pid.
Result<pid_t> start_server_for_ssh();

}  // namespace farpty::client
