// Making stream sockets: always non-blocking and close-on-exec, on Linux and macOS alike.
#pragma once

#include "base/bytes.hpp"
#include "base/owned_fd.hpp"
#include "base/result.hpp"

namespace farpty::net {

Result<OwnedFd> make_socket(int family);
Result<OwnedFd> accept_socket(int listening);
Result<> make_private_and_nonblocking(int fd);

// How a TCP connection of a terminal behaves: no delay; a peer that vanished is noticed in about a minute although nothing
// is being sent; at most 16 KiB wait unsent in the kernel, so that what Ctrl-C stops does not go on from its queue.
void tune_terminal_connection(int socket);
// The same connection carries bulk now: rate matters, and no interrupt has to overtake what waits in the kernel.
void tune_bulk_connection(int socket);

// What one read of a stream socket gave.
struct Received {
  std::size_t count = 0;  // 0 with code 0: the peer has finished sending
  int code = 0;           // errno; EAGAIN: nothing is there now
  bool more = true;       // false: nothing else is there, not even the end; the next event will be a new one
};

// Reads once. A short read alone does not prove that nothing is left: the peer's FIN may have come with the data, and under
// edge-triggered waiting it would never be seen. The kernel tells in the same call (TCP_INQ, Linux 4.18: it counts a FIN);
// where it does not, `more` stays true and the caller reads until EAGAIN.
[[nodiscard]] Received receive(int socket, MutableBytes into);

}  // namespace farpty::net
