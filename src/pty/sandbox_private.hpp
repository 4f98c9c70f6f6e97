// PrivateRoot and PrivateDirectory: the fresh HOME and TMPDIR of a sandboxed session, and their removal.
//
//   ROOT/                 0700, ours; in the per-user runtime directory, never in /tmp
//   ROOT/5f2c9e01d7a4b836/   one session; its name cannot be guessed; locked (flock) while the session lives
//   ROOT/5f2c.../home, tmp
//
// What a session leaves is removed by a thread of the root, so that a million files hold up nobody; what a killed
// server left (it is no longer locked) by the next one. Invariant: removal follows no symbolic link and needs two
// descriptors and no stack, however deep the tree is: it was built by somebody hostile, who may still be building.
#pragma once

#include <memory>
#include <string>

#include "base/owned_fd.hpp"
#include "base/result.hpp"

namespace farpty::pty {

class Removal;

class PrivateDirectory {
 public:
  PrivateDirectory(PrivateDirectory&&) noexcept = default;
  PrivateDirectory& operator=(PrivateDirectory&&) = delete;
  ~PrivateDirectory();  // hands it to the removal; nobody may use it any more

  [[nodiscard]] const std::string& home() const noexcept { return home_; }
  [[nodiscard]] const std::string& tmp() const noexcept { return tmp_; }

 private:
  friend class PrivateRoot;
  PrivateDirectory(std::shared_ptr<Removal> removal, std::string name, OwnedFd lock, const std::string& path);

  std::shared_ptr<Removal> removal_;  // shared with the root: a session may outlive it
  std::string name_;
  OwnedFd lock_;
  std::string home_;
  std::string tmp_;
};

class PrivateRoot {
 public:
  // Makes `path` where it is missing (0700, with its parents); refuses one that is another's or open to others. Begins
  // to remove what servers that are gone have left there.
  static Result<PrivateRoot> open(const std::string& path);

  // $XDG_RUNTIME_DIR/farpty/sandbox, else ~/.local/state/farpty/run/sandbox.
  static Result<std::string> default_path();

  Result<PrivateDirectory> make();

 private:
  PrivateRoot(std::string path, std::shared_ptr<Removal> removal);

  std::string path_;
  std::shared_ptr<Removal> removal_;
};

// Removes `name` below `parent`, whatever it is, and all that is in it. An error names the entry that stays.
Result<> remove_tree(int parent, const std::string& name);

}  // namespace farpty::pty
