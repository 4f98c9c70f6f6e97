// A command of other builds. It is known here, so that nobody looks for a mistake in its name.
#include <CLI/CLI.hpp>

#include "app/commands.hpp"
#include "base/log.hpp"

namespace farpty::app {

Run add_absent(CLI::App& app, const std::string& name, const std::string& reason) {
  // Whatever follows, --help as well, is not looked at.
  app.add_subcommand(name, "not in this build")->prefix_command()->set_help_flag();
  return [name, reason] {
    log::open(false);
    log::error("there is no farpty {} in this build: {}", name, reason);
    return 2;
  };
}

}  // namespace farpty::app
