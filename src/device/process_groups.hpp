// Sessions and process groups as the kernel has them: a device without a kernel's tty asks by pid.
//
// Numbers come to mean other processes: each function looks anew, and a signal goes to a group only if it has a member in
// the session that it is meant for.
#pragma once

#include <sys/types.h>

#include <functional>

namespace farpty::device {

// The session of a process group, 0 where the group has no process (any more).
[[nodiscard]] pid_t session_of_group(pid_t group);

// A process of the group, its leader where that lives; 0 where there is none.
[[nodiscard]] pid_t member_of_group(pid_t group);

// Calls `see` with the number of each process until it returns true; whether it did.
bool any_process_number(const std::function<bool(pid_t)>& see);

// No member has a parent in another group of the same session (exit.c: will_become_orphaned_pgrp).
[[nodiscard]] bool is_orphaned(pid_t group, pid_t session);

// Sends `signal` to the group if it belongs to the session; returns whether it was sent. Never to a group below 2: kill(2)
// takes those for everyone.
bool signal_group(pid_t group, pid_t session, int signal);

// 0 only where the process is root's for certain.
[[nodiscard]] uid_t effective_uid(pid_t pid);

}  // namespace farpty::device
