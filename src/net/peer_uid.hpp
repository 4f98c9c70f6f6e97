// PeerOwner: which user of this machine holds the other end of a local connection.
//
// Unix sockets carry it (SO_PEERCRED, unix(7)); for TCP over loopback the kernel's socket table is asked for the peer's
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

}  // namespace farpty::net
