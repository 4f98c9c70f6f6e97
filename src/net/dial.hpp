// Dialing: a connected stream socket to a URL.
#pragma once

#include "base/owned_fd.hpp"
#include "base/result.hpp"
#include "net/url.hpp"

namespace farpty::net {

// Resolves and connects, trying each address in turn, each for at most ten seconds. Blocking: the user's terminal is still
// in its own mode then, and Ctrl-C works. The socket is non-blocking when it is returned.
Result<OwnedFd> dial(const Url& url);

}  // namespace farpty::net
