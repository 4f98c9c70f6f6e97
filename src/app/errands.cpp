#include "app/errands.hpp"

#include <cstdio>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>

#include "base/log.hpp"
#include "client/ask.hpp"
#include "client/session_list.hpp"

namespace farpty::app {

namespace {

struct ListGiven {
  std::string address;
  bool json = false, verbose = false;
  ErrandGiven far;
};

Result<> print(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
    return os_error("cannot write", "the answer");
  return {};
}

int status_of(const Result<>& done) {
  if (done) return 0;
  log::error("{}", log::printable(done.error().message(), 500));
  return 1;
}

// Those that dialled in at listeners of this machine.
int list_hosts(const ListGiven& given) {
  auto servers = client::RunningServers::ask(std::nullopt);
  for (const Error& error : servers.failures()) log::error("{}", log::printable(error.message(), 500));
  std::vector<control::Server> listeners;
  for (const auto& server : servers.found())
    if (!server.listener.empty()) listeners.push_back(server);
  if (given.json) return status_of(print(control::to_json(listeners)));
  if (listeners.empty())
    return status_of(failure("cannot list", "the hosts that dialled in", "no listener of yours is running",
                             "farpty ls HOST lists your sessions elsewhere"));
  const std::string text = client::host_list(listeners);
  if (text.empty()) log::info("no host has dialled in");
  return status_of(print(text));
}

int list(const ListGiven& given) {
  log::open(given.verbose);
  if (given.address.empty()) return list_hosts(given);
  return status_of(run_errand(given.address, given.far, [&](client::NativeErrand& errand) -> Result<> {
    FARPTY_ASSIGN(sessions, errand.sessions());
    if (sessions.empty() && !given.json) log::info("no session runs there");
    return print(given.json ? client::session_list_json(sessions) : client::session_list(sessions));
  }));
}

}  // namespace

void add_errand_options(CLI::App& command, ErrandGiven& given, Secrets& secrets) {
  given.token = &secrets.token;
  command
      .add_option("-i,--identity", given.identity,
                  "your key's file (default ~/.config/farpty/id_ed25519, else ~/.ssh/id_ed25519)")
      ->type_name("FILE");
  command.add_flag("--accept-new", given.accept_new, "pin a server's key at the first meeting without asking");
}

Result<> run_errand(const std::string& address, const ErrandGiven& given,
                    const std::function<Result<>(client::NativeErrand&)>& errand) {
  FARPTY_ASSIGN(url, net::parse_target(address));
  if (url.protocol != net::Protocol::kFarpty)
    return failure("cannot ask", url.text(), "only a native door answers this", "write [USER@]HOST[:PORT]");
  const std::string user = url.user;
  const auto new_hosts = given.accept_new ? client::NewHosts::kAccept : client::NewHosts::kAsk;
  FARPTY_ASSIGN(
      far, FarEnd::find(std::move(url), {.token = given.token, .identity = given.identity, .new_hosts = new_hosts}));
  boost::asio::io_context context(1);
  client::NativeErrand asked(context, far.identity(), far.addresses(), far.name(), user);
  FARPTY_TRY(far.meet(asked.line()));
  return errand(asked);
}

int kill_far_sessions(const ErrandGiven& given, const std::vector<std::string>& words) {
  if (words.size() < 2)
    return status_of(failure("cannot end", "a session of " + words.front(), "it is not named",
                             "farpty ls " + words.front() + " lists them"));
  return status_of(run_errand(words.front(), given, [&](client::NativeErrand& errand) -> Result<> {
    for (std::size_t i = 1; i < words.size(); ++i) {
      FARPTY_ASSIGN(said, errand.kill(words[i]));
      log::info("{}", said);
    }
    return {};
  }));
}

Run add_ls(CLI::App& app, Secrets& secrets) {
  const auto given = std::make_shared<ListGiven>();
  auto* command = app.add_subcommand("ls", "show your sessions somewhere, which you can attach to");
  command->add_option("url", given->address,
                      "[USER@]HOST[:PORT] or farpty://... (default: the hosts that dialled in here)");
  command->add_flag("--json", given->json, "for programs");
  command->add_flag("-v,--verbose", given->verbose, "explain each step");
  add_errand_options(*command, given->far, secrets);
  return [given] { return list(*given); };
}

}  // namespace farpty::app
