// What somebody who was let in may do. Made when the door is opened, and made again at every resumption: what a ticket says of
// it is compared and never believed (ticket.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace farpty::auth {

enum class Terminal { kAllowed, kRefused };
enum class Writing { kAllowed, kRefused };  // kRefused: looks on, may not type, and resizes nothing

using Seconds = std::int64_t;  // since the epoch, UTC

struct Grants {
  std::optional<std::string> command;  // this is run, whatever was asked for, by the user's shell as sshd(8) does
  Terminal terminal = Terminal::kAllowed;
  Writing writing = Writing::kAllowed;
  std::optional<Seconds> expires;   // after this moment nothing of it is granted any more
  std::optional<unsigned> session;  // this one only

  bool operator==(const Grants&) const = default;
};

}  // namespace farpty::auth
