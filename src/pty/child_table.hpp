// The children of the calling process, as /proc shows them, for a process that may not allocate (pty/keeper.hpp).
#pragma once

namespace farpty::pty {

struct KillCount {
  int found = 0;   // zombies too
  int killed = 0;  // to which SIGKILL was sent
};

// Sends SIGKILL to every child of this process. A child that comes to it meanwhile may be missed. Allocates nothing. The
// caller has reaped none of them, and no other thread does: a pid that is seen is a child until it is reaped.
KillCount kill_children() noexcept;

}  // namespace farpty::pty
