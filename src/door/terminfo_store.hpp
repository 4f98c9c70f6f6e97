// TerminfoStore: terminal descriptions that clients brought along, or that this executable carries, for the programs of
// their sessions.
//
// An entry is kept in a private folder of this user (the runtime directory), and only used where this machine has none of
// that name. It is data for the user's own programs, read by ncurses, which checks it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace farpty::door {

// Adds TERM, and where it has to be TERMINFO_DIRS, to a program's environment. `term` and `entry` are a peer's; where
// `term` is no terminal's name, `fallback` is taken. Where `entry` is not its description, the carried one is.
void describe_terminal(const std::string& term, const std::string& entry, const std::string& fallback,
                       std::vector<std::string>& environment);

}  // namespace farpty::door
