// Sessions and process groups as the kernel has them: a device without a kernel's tty asks by pid.
//
// Numbers come to mean other processes: each function looks anew, and a signal goes to a group only if it has a member in
// the session that it is meant for.
#pragma once

#include <sys/types.h>

namespace farpty::device {

// The session of a process group, 0 where the group has no process (any more).
[[nodiscard]] pid_t session_of_group(pid_t group);

// No member has a parent in another group of the same session (exit.c: will_become_orphaned_pgrp).
[[nodiscard]] bool is_orphaned(pid_t group, pid_t session);

// Sends `signal` to the group if it belongs to the session; returns whether it was sent. Never to a group below 2: kill(2)
// takes those for everyone.
bool signal_group(pid_t group, pid_t session, int signal);

}  // namespace farpty::device
