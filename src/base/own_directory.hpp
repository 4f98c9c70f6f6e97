// A directory of this user alone: the runtime directory, in which a server leaves its control socket and what else is
// nobody's business, and the check that a directory is ours alone.
//
// It is not a place for files that outlive a reboot, and never /tmp. Invariant: a directory that is handed out was, through
// the descriptor that is handed out, seen to be a directory (no link), ours, and closed to everyone else.
#pragma once

#include <string>
#include <vector>

#include "base/owned_fd.hpp"
#include "base/result.hpp"

namespace farpty {

struct OwnDirectory {
  std::string path;
  OwnedFd fd;

  // A path that leads to `name` in this very directory, whatever the path of the directory has come to mean, and short
  // enough for a unix socket's address. Where there is no /proc it is the plain path. Good while `fd` is open.
  [[nodiscard]] std::string path_of(const std::string& name) const;
};

enum class Missing { kFail, kMake };  // kMake: with its parents, each with mode 0700

// A directory with its parents, those that are missing with mode 0700. What is there already stays as it is.
Result<> make_directories(const std::string& path);

// Errors: ENOENT where it is missing; in words where it is another user's, or open to other users.
Result<OwnDirectory> open_own_directory(const std::string& path, Missing missing);

// Where this user's runtime directory may be, best first: $XDG_RUNTIME_DIR/farpty if XDG_RUNTIME_DIR names a directory (XDG
// base directory specification), then ~/.local/state/farpty/run. A server makes the first, whoever looks for servers looks
// in all of them: a service has the variable, a cron job has not.
[[nodiscard]] std::vector<std::string> runtime_directories();

// $HOME, else what the user database says; empty where neither knows.
[[nodiscard]] std::string home_directory();

// Where this user's settings and keys are: $XDG_CONFIG_HOME/farpty, else ~/.config/farpty (XDG base directory
// specification). Not made here.
Result<std::string> config_directory();

}  // namespace farpty
