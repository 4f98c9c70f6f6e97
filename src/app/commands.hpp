// The subcommands. Each one registers its flags and returns what runs it when it was chosen: an exit status for the shell.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "auth/secret.hpp"

namespace CLI {
class App;
}

namespace farpty::app {

using Run = std::function<int()>;

// What came with the command line and must not stand there any longer.
struct Secrets {
  auth::SecretBytes token;  // an invitation's; empty: none was given
};

// All of them, in the order of `farpty --help`. What the system has not is there and says so.
std::vector<Run> add_commands(CLI::App& app, Secrets& secrets);

// A command that this build has not: it says so, and why, and fails with 2.
Run add_absent(CLI::App& app, const std::string& name, const std::string& reason);

Run add_serve(CLI::App& app);
Run add_connect(CLI::App& app, Secrets& secrets);
Run add_exec(CLI::App& app, Secrets& secrets);
Run add_attach(CLI::App& app, Secrets& secrets);
Run add_ls(CLI::App& app, Secrets& secrets);
Run add_invite(CLI::App& app, Secrets& secrets);
Run add_ps(CLI::App& app);
Run add_kill(CLI::App& app, Secrets& secrets);
Run add_run(CLI::App& app, Secrets& secrets);
Run add_listen(CLI::App& app);
Run add_play(CLI::App& app);
Run add_doctor(CLI::App& app);
Run add_keygen(CLI::App& app);
Run add_copy(CLI::App& app, Secrets& secrets);

}  // namespace farpty::app
