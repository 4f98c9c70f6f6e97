// The client: what serves a terminal is built on the kernel of Linux.
#include "app/commands.hpp"

namespace farpty::app {

std::vector<Run> add_commands(CLI::App& app, Secrets& secrets) {
  std::vector<Run> runs = {add_connect(app, secrets), add_exec(app, secrets), add_attach(app, secrets),
                           add_ls(app, secrets),      add_kill(app, secrets), add_copy(app, secrets),
                           add_keygen(app),           add_play(app)};
  for (const char* name : {"serve", "run", "listen", "invite", "ps", "doctor"})
    runs.push_back(add_absent(app, name, "farpty for macOS is the client alone, and a server is to run on Linux"));
  return runs;
}

}  // namespace farpty::app
