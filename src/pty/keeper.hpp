// Keeper: a small process between the server and a program, so that nothing of the program outlives it.
//
// It is the "child subreaper" (prctl(2), Linux 3.4) of all that comes of the program: whatever loses its parent there, a
// nohup'd job as well as a daemon that forked twice and made a session of its own, becomes the keeper's child. When the
// program has ended, or when the server closes the keeper's lifeline or is gone, the keeper kills its children, reaps them,
// gets theirs, and so on until there is none; then it ends in the way in which the program did.
//
// It is a fork of the server that never execs; it lets go of the server's descriptors and of its heap. Invariants: it
// allocates nothing; it kills only children of its own that it has not reaped, so that a pid cannot have come to mean another
// process. What it may not kill (a program of another user, by set-user-ID) lives on.
#pragma once

#include "pty/launch.hpp"

namespace farpty::pty {

// Starts the program under a keeper of its own. `name` is for the error.
Result<Spawned> spawn_kept(Launch& launch, const std::string& name);

}  // namespace farpty::pty
