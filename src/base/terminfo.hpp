// Terminfo: is there a description of a terminal of this name on this machine?
//
// It looks for the file and does not read it: a TERM without an entry leaves curses programs helpless, so the telnet
// door asks before it believes a peer. Hashed databases and entries within variables (TERMINFO=hex:...) are not looked
// into.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace farpty {

// The variables that name terminfo folders (terminfo(5), "Fetching Compiled Descriptions").
struct TerminfoVariables {
  std::optional<std::string> terminfo;       // TERMINFO
  std::optional<std::string> home;           // HOME
  std::optional<std::string> terminfo_dirs;  // TERMINFO_DIRS; an empty element means the system's folders
};

// The folders in which ncurses searches, in its order.
[[nodiscard]] std::vector<std::string> terminfo_folders(const TerminfoVariables& variables);

// The file of a name's entry in one of the folders, `x/xterm`, or `78/xterm` where file names know no case; is there one?
// `name` comes from a peer: it must be a telnet::valid_terminal_type.
[[nodiscard]] std::optional<std::string> find_terminfo(std::string_view name, const std::vector<std::string>& folders);
[[nodiscard]] bool has_terminfo(std::string_view name, const std::vector<std::string>& folders);

// Whether it begins like a compiled entry (term(5)): a magic number and names that hold `term`.
[[nodiscard]] bool is_terminfo_entry(std::string_view entry, std::string_view term);

}  // namespace farpty
