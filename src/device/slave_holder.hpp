// A slave end that the device gave up, taken from a program that still has it.
//
// The device keeps no end of its own of a nested pair that is nobody's controlling terminal, so that it can see the last
// close. Who opens the slave by name then gets a duplicate of what another program holds (pidfd_getfd(2), Linux 5.6): rare,
// for openers that have it already bring it along. Needs the right to trace that program; where it is refused, nothing is
// found.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "base/owned_fd.hpp"

namespace farpty::device {

// A duplicate of the socket with this inode number. `likely`: a process to be asked before all others; 0: none.
[[nodiscard]] OwnedFd take_from_holder(std::uint64_t inode, pid_t likely);

}  // namespace farpty::device
