// A socket of the kernel's that is readable when this machine's addresses or routes have changed.
#pragma once

#include "base/owned_fd.hpp"
#include "base/result.hpp"

namespace farpty::client {

// Non-blocking; what is read from it says no more than that. Linux: rtnetlink(7); macOS: route(4).
Result<OwnedFd> open_route_events();

}  // namespace farpty::client
