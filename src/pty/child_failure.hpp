// ChildFailure: how a step between (v)fork and exec says that it failed, without allocating.
//
// The child of a vfork shares its parent's memory: nothing there may throw, allocate or lock. So a step returns a plain
// errno and the name of the step as a literal; the parent makes an Error of it.
#pragma once

namespace farpty::pty {

struct ChildFailure {
  int code = 0;           // errno value; 0: the step succeeded
  const char* step = "";  // literal that goes on with the program's name: "cannot limit the memory of"

  [[nodiscard]] explicit operator bool() const noexcept { return code != 0; }
};

}  // namespace farpty::pty
