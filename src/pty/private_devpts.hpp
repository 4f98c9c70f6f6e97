// PrivateDevpts: pseudoterminals of the kernel from a devpts file system of our own, for hosts whose /dev has none.
//
// Mounted once, in a mount namespace of its own; an ordinary user needs a user namespace around it, in which set-user-ID
// programs have no power. Programs are started inside the mount namespace, so that /dev/pts/N, /dev/ptmx and ttyname(3) mean
// theirs; the server stays outside and reaches the file system through a descriptor.
// Where /dev has no place for it, the namespace gets a /dev of its own, with everything that the host's has.
// Invariant: the host's own files and mounts are not touched; the namespaces end with the last program and this object.
#pragma once

#include <memory>
#include <string>

#include "base/owned_fd.hpp"
#include "base/result.hpp"
#include "pty/program.hpp"

namespace farpty::pty {

class PrivateDevpts {
 public:
  // Makes it and opens a pair in it. The error says which step the host refuses.
  static Result<std::shared_ptr<const PrivateDevpts>> make();

  // posix_openpt(3), non-blocking, close-on-exec.
  [[nodiscard]] Result<OwnedFd> open_master() const;

  // Whether sudo and its like work on these terminals: no user namespace was needed.
  [[nodiscard]] bool keeps_setuid() const { return !user_; }
  // /dev/tty can be opened inside: the host's /dev has it.
  [[nodiscard]] bool has_tty() const { return has_tty_; }

  // Takes a child inside; to be its first step. Entering a mount namespace forgets the current directory: it is entered
  // again. Borrows both.
  class Entrance final : public ChildStep {
   public:
    Entrance(const PrivateDevpts& devpts, const std::string& directory) : devpts_(devpts), directory_(directory) {}
    [[nodiscard]] ChildFailure enter() const noexcept override;

   private:
    const PrivateDevpts& devpts_;
    const std::string& directory_;
  };

 private:
  PrivateDevpts(OwnedFd user, OwnedFd mounts, OwnedFd root)
      : user_(std::move(user)), mounts_(std::move(mounts)), root_(std::move(root)) {}

  OwnedFd user_;    // the user namespace; none where root needed none
  OwnedFd mounts_;  // the mount namespace
  OwnedFd root_;    // its /dev/pts
  bool has_tty_ = false;
};

}  // namespace farpty::pty
