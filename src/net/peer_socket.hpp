// The other end of a local connection, as the kernel knows it: which user holds it, whether anybody still does, and whether
// its program has read everything.
//
// Unix sockets carry the user (SO_PEERCRED, unix(7)); for TCP over loopback the kernel's socket table is asked for the peer's
// socket, by sock_diag(7) or, where that is refused, by /proc/net/tcp (proc(5)).
#pragma once

#include <sys/types.h>

#include <optional>

#include "base/result.hpp"

namespace farpty::net {

// The uid at the other end of a connected unix or loopback TCP socket. Fails where nobody holds that end any more
// (an orphaned socket has no owner) or where the host gives no way to look.
Result<uid_t> peer_uid(int socket);

// The second way of the two for TCP, public so that a test can hold it against the first.
Result<uid_t> peer_uid_from_proc(int socket);

// Whether some process still holds the other end of a loopback connection: tells a half-close (the peer has sent all that
// it will and waits for our output) from a peer that is gone. Nothing where that cannot be known.
std::optional<bool> peer_is_held(int socket);

// Whether the program at the other end of a loopback connection has read all that was sent, our FIN included. Nothing where
// that cannot be known.
std::optional<bool> peer_has_read_all(int socket);

// Closes so that the peer's next poll(2) reports an error and not only an end: a reset instead of a FIN (tcp(7)).
void abort_on_close(int socket);

}  // namespace farpty::net
