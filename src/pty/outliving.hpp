// Outliving: programs whose calls are stopped and that live on when their terminal has ended: background jobs that ignore the
// hang-up. Without anybody at the listener each of their calls that stops would fail with ENOSYS.
//
// So a process of its own stays for them, which lets every call go, and ends with the last of them. It holds nothing but the
// listeners, and belongs to nobody: it is init's child.
#pragma once

#include <memory>
#include <vector>

#include "base/owned_fd.hpp"

namespace farpty::pty {

// Takes over the listeners of which programs are left; returns when the process has them. There may be none.
void let_programs_outlive(const std::vector<std::shared_ptr<const OwnedFd>>& listeners);

}  // namespace farpty::pty
