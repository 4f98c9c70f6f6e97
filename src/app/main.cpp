// farpty: one executable; what it does is a subcommand.
#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "app/commands.hpp"
#include "base/log.hpp"

int main(int argc, char** argv) {
  CLI::App app("farpty: a terminal on any machine that can run a process, from any machine that can open a connection");
  app.name("farpty");
  app.set_version_flag("--version", "farpty " FARPTY_VERSION);
  app.require_subcommand(1);
  const std::vector<farpty::app::Run> runs = {farpty::app::add_serve(app),  farpty::app::add_connect(app),
                                              farpty::app::add_exec(app),   farpty::app::add_ps(app),
                                              farpty::app::add_kill(app),   farpty::app::add_run(app),
                                              farpty::app::add_doctor(app), farpty::app::add_keygen(app)};
  const auto commands = app.get_subcommands({});
  if (argc > 1 && argv[1][0] != '-' &&
      std::ranges::none_of(commands, [&](const CLI::App* one) { return one->check_name(argv[1]); })) {
    fmt::print(stderr, "farpty: there is no command '{}' (farpty --help lists them)\n",
               farpty::log::printable(argv[1]));
    return 2;
  }
  CLI11_PARSE(app, argc, argv);
  for (std::size_t i = 0; i < runs.size(); ++i)
    if (commands[i]->parsed()) return runs[i]();
  return 2;
}
