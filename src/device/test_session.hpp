// For tests of terminals that belong to this process's session.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include <gtest/gtest.h>

namespace farpty::device {

// A job in a pid namespace can be in a session that began outside of it: it has the number 0, which no terminal takes.
// And a session's leader could take a terminal, and be reached by its hangup: a child runs the tests then.
inline void run_in_a_session_of_another() {
  if (getsid(0) == 0) setsid();
  if (getsid(0) == getpid()) {
    if (const pid_t child = fork(); child != 0) {  // lint-allow(fork): in tests only
      int status = 1;
      while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
      }
      _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
    }
  }
  ASSERT_GT(getsid(0), 0);
}

}  // namespace farpty::device
