// EscapeKeys: the keys that speak to the client and not to the far program, as in ssh(1), ESCAPE CHARACTERS.
//
// At the start of a line:  ~.  disconnects   ~^Z  suspends   ~?  shows help   ~~  types the character itself.
// Where the session outlives its connections also:  ~d  detaches   ~w  takes the pen, or hands it over.
// Any other key after it is typed together with it. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"

namespace farpty::client {

enum class Command { kDisconnect, kSuspend, kHelp, kDetach, kPen };

enum class Sessions { kEndWithConnection, kLast };

class EscapeKeys {
 public:
  // No character: everything is typed.
  explicit EscapeKeys(std::optional<char> escape, Sessions sessions = Sessions::kEndWithConnection)
      : escape_(escape), sessions_(sessions) {}

  struct Typed {
    std::string text;               // for the far program
    std::vector<Command> commands;  // in order; kDisconnect and kDetach end the list and drop the rest
  };
  [[nodiscard]] Typed filter(Bytes keys);

  [[nodiscard]] std::string help() const;

 private:
  [[nodiscard]] std::optional<Command> command_of(char key) const;

  std::optional<char> escape_;
  Sessions sessions_;
  bool at_line_start_ = true;
  bool pending_ = false;
};

}  // namespace farpty::client
