// Program: what is to be run, before it runs; and spawn(), the one way in which this project starts a process.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/owned_fd.hpp"
#include "base/result.hpp"
#include "pty/child_failure.hpp"

namespace farpty::pty {

// A step that the child takes between fork and exec: resource limits, a sandbox.
class ChildStep {
 public:
  virtual ~ChildStep() = default;
  // The child shares the server's memory (vfork(2)): only system calls, no allocation, no locks, nothing written.
  [[nodiscard]] virtual ChildFailure enter() const noexcept = 0;
};

// What happens to processes of a program that outlive it: background jobs that ignore SIGHUP, daemons.
enum class Leftovers { kLiveOn, kAreKilled };

struct Program {
  std::string file;                      // with a '/': as it is; otherwise searched in the environment's PATH
  std::vector<std::string> arguments;    // argv, with argv[0]
  std::vector<std::string> environment;  // "NAME=value"
  std::string directory;                 // where it starts; "/" where that cannot be entered
  std::optional<rlimit> open_files;      // RLIMIT_NOFILE, where the server raised its own
  std::vector<const ChildStep*> steps;   // borrowed until it has started; taken in this order, last thing before exec
  Leftovers leftovers = Leftovers::kLiveOn;
};

enum class Controlling { kYes, kNo };

// The child's descriptors 0, 1 and 2 (borrowed). With Controlling::kYes the first one becomes its controlling terminal.
struct Stdio {
  int in = -1;
  int out = -1;
  int err = -1;
  Controlling controlling = Controlling::kNo;
};

struct Spawned {
  pid_t pid = 0;     // the child to wait for; its end and its status are the program's. To be given to Children.
  pid_t leader = 0;  // the program itself: the same process, or the child of its keeper (pty/keeper.hpp)
  OwnedFd keeper;    // with a keeper: closing it kills the program and all that came of it
};

// Starts the program as leader of a new session, with default signals, an empty mask and no other descriptor. Returns when
// it has been executed, or why it could not be: "cannot run foo: no such file or directory".
Result<Spawned> spawn(const Program& program, const Stdio& stdio);

}  // namespace farpty::pty
