// Whether the kernel beneath is gVisor, whose unix sockets are other ones than Linux's.
//
// Told by how it counts: the bytes that lie unread in a socket, and not the buffers that hold them. What differs, too:
// a reader takes a whole buffer aside at the first byte, which the writer's count (SIOCOUTQ) then lacks; a writer is woken by its
// reader only where the queue was full; SO_PEERCRED names whoever asks, and not the peer. Tried on release 20221219.
#pragma once

namespace farpty::device {

[[nodiscard]] bool is_gvisor();

}  // namespace farpty::device
