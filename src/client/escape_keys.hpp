// EscapeKeys: the keys that speak to the client and not to the far program, as in ssh(1), ESCAPE CHARACTERS.
//
// At the start of a line:  ~.  disconnects   ~^Z  suspends   ~?  shows help   ~~  types the character itself.
// Any other key after it is typed together with it. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"

namespace farpty::client {

enum class Command { kDisconnect, kSuspend, kHelp };

class EscapeKeys {
 public:
  // No character: everything is typed.
  explicit EscapeKeys(std::optional<char> escape) : escape_(escape) {}

  struct Typed {
    std::string text;               // for the far program
    std::vector<Command> commands;  // in order; kDisconnect ends the list and drops the rest
  };
  [[nodiscard]] Typed filter(Bytes keys);

  [[nodiscard]] std::string help() const;

 private:
  std::optional<char> escape_;
  bool at_line_start_ = true;
  bool pending_ = false;
};

}  // namespace farpty::client
