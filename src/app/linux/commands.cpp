#include "app/commands.hpp"

namespace farpty::app {

std::vector<Run> add_commands(CLI::App& app, Secrets& secrets) {
  return {add_serve(app),
          add_connect(app, secrets),
          add_exec(app, secrets),
          add_attach(app, secrets),
          add_ls(app, secrets),
          add_invite(app, secrets),
          add_ps(app),
          add_kill(app, secrets),
          add_run(app, secrets),
          add_listen(app),
          add_play(app),
          add_doctor(app),
          add_keygen(app),
          add_copy(app, secrets)};
}

}  // namespace farpty::app
