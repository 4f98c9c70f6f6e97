// The program that the user of a server gets.
#pragma once

#include <string>
#include <vector>

#include "app/current_user.hpp"
#include "pty/program.hpp"

namespace farpty::app {

// The given program, or the login shell where there is none, with the server's environment less what belongs to the server
// itself and to the terminal from which it was started. TERM is left to the door.
[[nodiscard]] pty::Program program_for(const User& user, const std::vector<std::string>& words);

// Whether a person will sit at it: a login shell, or a shell (shells(5)) that was given no script and no command.
[[nodiscard]] bool is_interactive_shell(const User& user, const std::vector<std::string>& words);

}  // namespace farpty::app
