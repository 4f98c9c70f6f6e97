// farpty ps and farpty kill: flags in, the running servers asked, and what they answered shown. What is shown and how
// sessions are named is in client/.
#include <langinfo.h>

#include <clocale>
#include <cstdio>
#include <cstring>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "app/commands.hpp"
#include "app/errands.hpp"
#include "base/log.hpp"
#include "client/ask.hpp"
#include "client/session_name.hpp"
#include "client/session_tree.hpp"

namespace farpty::app {

namespace {

struct Given {
  std::optional<pid_t> server;
  bool json = false;
  std::vector<std::string> sessions;
  bool verbose = false;
  ErrandGiven far;
};

void add_server_option(CLI::App& command, const std::shared_ptr<Given>& given) {
  command.add_option("--server", given->server, "only this server, by its pid")->type_name("PID");
}

client::Branches branches() {
  std::setlocale(LC_CTYPE, "");
  return std::strcmp(nl_langinfo(CODESET), "UTF-8") == 0 ? client::Branches::kUnicode : client::Branches::kAscii;
}

// The servers, after what could not be asked was said.
client::RunningServers ask(const Given& given) {
  auto servers = client::RunningServers::ask(given.server);
  for (const Error& error : servers.failures()) log::error("{}", log::printable(error.message(), 500));
  return servers;
}

int show(const Given& given) {
  log::open(false);
  const auto servers = ask(given);
  const std::string text =
      given.json ? control::to_json(servers.found()) : client::session_tree(servers.found(), branches());
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    log::error("{}", os_error("cannot write", "the list").error().message());
    return 1;
  }
  if (given.server && servers.found().empty()) {
    log::error("there is no server {} of yours", *given.server);
    return 1;
  }
  if (servers.found().empty() && servers.failures().empty() && !given.json) log::info("no server of yours is running");
  return servers.failures().empty() ? 0 : 1;
}

int kill(const Given& given) {
  log::open(given.verbose);
  // What names no session of this machine is a host, and sessions there follow.
  if (!client::parse_session_name(given.sessions.front())) return kill_far_sessions(given.far, given.sessions);
  const auto servers = ask(given);
  int status = 0;
  for (const std::string& text : given.sessions) {
    const auto end = [&]() -> Result<> {
      FARPTY_ASSIGN(name, client::parse_session_name(text));
      FARPTY_ASSIGN(target, client::find_session(name, servers.found()));
      return servers.kill(target.server, target.session);
    };
    if (const auto done = end(); !done) {
      log::error("{}", log::printable(done.error().message(), 500));
      status = 1;
    }
  }
  return status;
}

}  // namespace

Run add_ps(CLI::App& app) {
  const auto given = std::make_shared<Given>();
  auto* command = app.add_subcommand("ps", "show the sessions of your running servers");
  command->add_flag("--json", given->json, "for programs");
  add_server_option(*command, given);
  return [given] { return show(*given); };
}

Run add_kill(CLI::App& app, Secrets& secrets) {
  const auto given = std::make_shared<Given>();
  auto* command = app.add_subcommand("kill", "hang up sessions");
  command
      ->add_option(
          "session", given->sessions,
          "its number in farpty ps or farpty ls, or SERVER.NUMBER; or [USER@]HOST[:PORT] and names of sessions there")
      ->required();
  add_server_option(*command, given);
  add_errand_options(*command, given->far, secrets);
  command->add_flag("-v,--verbose", given->verbose, "explain each step");
  return [given] { return kill(*given); };
}

}  // namespace farpty::app
