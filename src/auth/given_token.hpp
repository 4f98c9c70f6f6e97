// A token that came with the command line or the environment, taken out of there before anyone else reads it: other
// processes of this user, and of every user what stands in argv, see those as long as a process lives.
//
// A shell, to be called first thing in main(). What the system copied before (the shell's history, the audit log) is out of
// reach: FARPTY_TOKEN and standard input are the ways for programs.
#pragma once

#include <optional>
#include <span>

#include "auth/secret.hpp"
#include "base/result.hpp"

namespace farpty::auth {

// The token of the first farpty:// address among the arguments up to "--"; all such addresses end before their '#' then,
// and zeros stand where the tokens stood. The arguments are main()'s own, which end with their NUL.
std::optional<SecretBytes> take_token(std::span<char* const> arguments);

// FARPTY_TOKEN, a token or an address with one: taken out of the environment, also out of what /proc shows of it. Not
// thread-safe, as nothing is that changes the environment.
std::optional<SecretBytes> take_token_from_environment();

// One line, as of standard input, read byte by byte so that what follows is left for others. The token alone, or an
// address with one.
Result<SecretBytes> read_token(int fd);

}  // namespace farpty::auth
