// Listening: which programs on an emulated terminal are listened to (device/listener.hpp), and how the first one is: the
// launcher installs the filter between fork and exec where the shim, which does it for all others, is not there yet.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/owned_fd.hpp"
#include "base/result.hpp"
#include "pty/program.hpp"
#include "ttycall/image.hpp"

namespace farpty::pty {

enum class Listening {
  kWhenNeeded,  // programs that the library cannot serve
  kAlways,      // all of them, from the first on
  kNever,
};

[[nodiscard]] Result<Listening> parse_listening(const std::string& text);

// What kind of executable the program is, followed through scripts to what interprets them; kUnknown where none is found.
[[nodiscard]] ttycall::Image image_of(const Program& program);

// Installs the filter and sends its listener to the parent; to be the last step. Calls that stop from then on wait until
// the device listens, so the child may execute, and no more. Without CAP_SYS_ADMIN it sets no_new_privs.
class InstallsListener final : public ChildStep {
 public:
  static Result<InstallsListener> prepare();
  [[nodiscard]] ChildFailure enter() const noexcept override;

  // In the parent, after the program has started: the listener, or why the program runs without one. EBUSY: another program
  // listens to this process tree already.
  [[nodiscard]] Result<OwnedFd> take();

 private:
  InstallsListener(OwnedFd from_child, OwnedFd to_parent)
      : from_child_(std::move(from_child)), to_parent_(std::move(to_parent)) {}

  OwnedFd from_child_, to_parent_;
};

// seccomp(2) with the filter of ttycall/filter.hpp for this process and its children; the listener, or a negative errno.
// Sets no_new_privs where that is needed. Only system calls.
[[nodiscard]] int install_filter() noexcept;

}  // namespace farpty::pty
