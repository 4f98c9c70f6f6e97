// Guest: a connection that came in by a door, as the door sees it: it begins, it has a name for people, and it says when it
// is over.
#pragma once

#include <string>

#include "base/result.hpp"

namespace farpty::door {

class Guest {
 public:
  virtual ~Guest() = default;
  virtual Result<> open() = 0;
  [[nodiscard]] virtual std::string name() const = 0;  // "127.0.0.1:50000"
};

}  // namespace farpty::door
