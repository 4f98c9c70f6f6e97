// What a native start request becomes: the program, its environment, its kind of terminal. Everything that a peer named is
// checked here, and what it was granted is held against it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "auth/grants.hpp"
#include "door/settings.hpp"
#include "wire/messages.hpp"

namespace farpty::door {

// The error's message is made to be sent to the peer.
Result<session::Spec> spec_of(const wire::Start& start, const Settings& settings, const auth::Grants& grants);

// In place of what the environment has under that name.
void set_variable(std::vector<std::string>& environment, std::string_view name, std::string_view value);

// LANG, LC_* and COLORTERM (lessons of telnetd's NEW-ENVIRON: nothing else ever reaches a program from afar).
[[nodiscard]] bool may_come_from_afar(std::string_view variable);

[[nodiscard]] WindowSize window_of(const wire::Size& size);
[[nodiscard]] wire::Size size_of(WindowSize size);

// Letters, digits and . _ - ; not a number alone, which names a session by its id.
[[nodiscard]] bool is_session_name(std::string_view name);

}  // namespace farpty::door
