// Making stream sockets: always non-blocking and close-on-exec, on Linux and macOS alike.
#pragma once

#include "base/owned_fd.hpp"
#include "base/result.hpp"

namespace farpty::net {

Result<OwnedFd> make_socket(int family);
Result<OwnedFd> accept_socket(int listening);
Result<> make_private_and_nonblocking(int fd);

// How a TCP connection of a terminal behaves: no delay; a peer that vanished is noticed in about a minute although nothing
// is being sent; at most 16 KiB wait unsent in the kernel, so that what Ctrl-C stops does not go on from its queue.
void tune_terminal_connection(int socket);

}  // namespace farpty::net
