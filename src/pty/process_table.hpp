// The processes of a session, as /proc shows them (proc(5), /proc/PID/stat). A picture of one moment: processes come and go
// while it is taken.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace farpty::pty {

struct Process {
  pid_t pid = 0;
  pid_t parent = 0;
  pid_t group = 0;
  pid_t session = 0;
  char state = '?';     // R S D T Z ..., as ps(1) shows it
  std::string command;  // the kernel's 15-byte name of it
};

// One process; pid 0 where it is gone. `folder` is /proc/PID.
[[nodiscard]] Process read_process(const std::string& folder);

// All processes of which /proc tells, in order of their pids.
[[nodiscard]] std::vector<Process> all_processes();

// All processes whose session is `session`, in order of their pids.
[[nodiscard]] std::vector<Process> processes_of_session(pid_t session);

// Their numbers alone, zombies included: one system call a process of the host, where a look into /proc costs four.
[[nodiscard]] std::vector<pid_t> pids_of_session(pid_t session);

// Whether a process group still has a member in that session that is no zombie.
[[nodiscard]] bool group_lives(pid_t group, pid_t session);

// Sends SIGKILL to a process group if it still has a member in that session: a number alone may have come to mean others.
// Returns whether it was sent.
bool kill_group_of_session(pid_t group, pid_t session);

// Sends SIGKILL to every process of a session, again until a look finds no new one: its members may be forking. False where
// they still did after many looks. Its leader has just been reaped, or is alive: else the number may mean others.
[[nodiscard]] bool kill_session(pid_t session);

}  // namespace farpty::pty
