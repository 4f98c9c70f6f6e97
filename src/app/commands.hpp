// The subcommands. Each one registers its flags and returns what runs it when it was chosen: an exit status for the shell.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace farpty::app {

using Run = std::function<int()>;

Run add_serve(CLI::App& app);
Run add_connect(CLI::App& app);
Run add_exec(CLI::App& app);
Run add_ps(CLI::App& app);
Run add_kill(CLI::App& app);
Run add_run(CLI::App& app);
Run add_doctor(CLI::App& app);
Run add_keygen(CLI::App& app);

}  // namespace farpty::app
