// The queue of a unix stream socket, as its writer sees it.
#pragma once

#include <optional>

namespace farpty::device {

// What the other end has not read yet, in bytes of the kernel's bookkeeping (a buffer of one byte counts some hundred).
// Nothing where it cannot be asked.
[[nodiscard]] std::optional<int> unread_by_peer(int fd);

}  // namespace farpty::device
