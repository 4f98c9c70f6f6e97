// farpty: one executable; what it does is a subcommand.
#include <algorithm>
#include <span>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "app/commands.hpp"
#include "auth/given_token.hpp"
#include "base/log.hpp"

namespace {

// First of all, while nothing was read or opened yet.
farpty::app::Secrets take_secrets(int argc, char** argv) {
  farpty::app::Secrets secrets;
  auto in_environment = farpty::auth::take_token_from_environment();
  auto in_arguments = farpty::auth::take_token(std::span(argv, static_cast<std::size_t>(argc)));
  if (in_arguments)
    secrets.token = std::move(*in_arguments);
  else if (in_environment)
    secrets.token = std::move(*in_environment);
  return secrets;
}

}  // namespace

int main(int argc, char** argv) {
  auto secrets = take_secrets(argc, argv);
  CLI::App app("farpty: a terminal on any machine that can run a process, from any machine that can open a connection");
  app.name("farpty");
  app.set_version_flag("--version", "farpty " FARPTY_VERSION);
  app.require_subcommand(1);
  const auto runs = farpty::app::add_commands(app, secrets);
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
