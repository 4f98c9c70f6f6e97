// `farpty serve`: its flags, made from the table of settings (app/serve_options.hpp), and the start of the server.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "app/commands.hpp"
#include "app/serve_options.hpp"
#include "app/server.hpp"
#include "base/log.hpp"

namespace farpty::app {

namespace {

struct Given {
  GivenFlags flags;
  std::string config;
  std::vector<std::string> program;
};

void add_setting(CLI::App& app, const Setting& setting, const std::shared_ptr<Given>& given) {
  const std::string flag = "--" + setting.name;
  if (setting.kind == Setting::Kind::kSwitch) {
    app.add_flag_callback(flag, [given, &setting] { given->flags.emplace_back(&setting, "true"); }, setting.help);
    return;
  }
  auto* option = app.add_option_function<std::vector<std::string>>(
      flag,
      [given, &setting](const std::vector<std::string>& values) {
        for (const std::string& value : values) given->flags.emplace_back(&setting, value);
      },
      setting.help);
  option->type_name(setting.value_name)->allow_extra_args(false);
  if (setting.kind == Setting::Kind::kValue) option->expected(1);
}

int fail(const Error& error) {
  log::error("{}", error.message());
  return 1;
}

int serve(const Given& given) {
  const std::optional<std::string> config = given.config.empty() ? std::nullopt : std::optional(given.config);
  log::open(false);
  const auto options = load_serve_options(config, given.flags, given.program);
  if (!options) return fail(options.error());
  log::open(options->verbose, options->log_format);
  Server server;
  if (const auto opened = server.open(*options, config, given.flags, given.program); !opened)
    return fail(opened.error());
  server.run();
  return 0;
}

}  // namespace

Run add_serve(CLI::App& app) {
  const auto given = std::make_shared<Given>();
  auto* command = app.add_subcommand("serve", "let people in, and run a program on a terminal for each");
  for (const Setting& setting : serve_settings()) add_setting(*command, setting, given);
  command->add_option("--config", given->config, "settings of the same names, in TOML; read again on SIGHUP")
      ->type_name("FILE");
  command->add_option("program", given->program, "what to run (default: your login shell)")
      ->type_name("-- PROGRAM ARG");
  command->positionals_at_end();
  return [given] { return serve(*given); };
}

}  // namespace farpty::app
