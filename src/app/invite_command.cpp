// `farpty invite`: an invitation to a native door, from a server of yours on this machine or, by name, from one elsewhere.
// The invitation alone goes to stdout.
#include <cstdio>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "app/errands.hpp"
#include "app/own_address.hpp"
#include "app/units.hpp"
#include "auth/token.hpp"
#include "base/log.hpp"
#include "client/ask.hpp"
#include "client/started_server.hpp"

namespace farpty::app {

namespace {

struct Given {
  std::string address;  // empty: this machine
  std::string host;     // what guests write; empty: found out
  std::string session;
  std::string expires = "10m";
  std::optional<pid_t> server;
  bool read_only = false, once = false, verbose = false;
  bool for_ssh = false;  // farpty connect --ssh calls us: start a server where none can be used, enter at once
  ErrandGiven far;
};

constexpr std::chrono::seconds kSshPatience{60};  // from the invitation to the login that it was made for

// The one line for stdout.
Result<> print_invitation(const std::string& address, std::string_view token) {
  const std::string line = address + "/#" + std::string(token) + "\n";
  if (std::fwrite(line.data(), 1, line.size(), stdout) != line.size() || std::fflush(stdout) != 0)
    return os_error("cannot write", "the invitation");
  return {};
}

void explain(const Given& given, const std::string& address) {
  if (given.for_ssh) return;
  log::info("whoever has this line may {}{}{} at {}, for {}", given.read_only ? "look on" : "do all that you may",
            given.session.empty() ? "" : " in session " + given.session, given.once ? " (once)" : "", address,
            given.expires);
  log::info("it is used like this: farpty connect 'LINE'");
}

// A server of this machine with a native door, and that door.
struct Place {
  std::int64_t server = 0;
  net::Url door;
};

Result<Place> find_place(const client::RunningServers& servers, const Given& given) {
  std::vector<Place> places;
  for (const auto& server : servers.found())
    for (const auto& door : server.doors) {
      auto url = net::parse_url(door);
      if (!url || url->protocol != net::Protocol::kFarpty || url->unix_socket) continue;
      if (given.for_ssh && !client::is_for_ssh(*url)) continue;
      places.push_back({.server = server.pid, .door = std::move(*url)});
      break;
    }
  if (places.empty())
    return failure("cannot invite", "", "no server of yours with a native door is running",
                   "farpty serve --listen farpty://0.0.0.0 starts one");
  if (places.size() > 1 && !given.for_ssh)
    return failure("cannot invite", "", "several servers of yours have a native door",
                   fmt::format("--server {} says which", places.front().server));
  return places.front();
}

Result<> invite_here(const Given& given, std::chrono::seconds expires) {
  control::InviteRequest wish{.read_only = given.read_only,
                              .once = given.once,
                              .expires = static_cast<std::uint32_t>(expires.count()),
                              .session = given.session};
  if (given.for_ssh) {
    wish.once = true;
    wish.expires = 0;  // the session is the user's own
    wish.enter_within = static_cast<std::uint32_t>(kSshPatience.count());
  }
  auto servers = client::RunningServers::ask(given.server);
  auto place = find_place(servers, given);
  if (!place && given.for_ssh) {
    FARPTY_ASSIGN(started, client::start_server_for_ssh());
    servers = client::RunningServers::ask(started);
    place = find_place(servers, given);
  }
  if (!place) return std::unexpected(place.error());
  FARPTY_ASSIGN(token, servers.invite(place->server, wish));
  const std::string address = address_of(place->door, given.host);
  FARPTY_TRY(print_invitation(address, token));
  explain(given, address);
  return {};
}

Result<> invite_there(const Given& given, std::chrono::seconds expires) {
  FARPTY_ASSIGN(url, net::parse_target(given.address));
  return run_errand(given.address, given.far, [&](client::NativeErrand& errand) -> Result<> {
    FARPTY_ASSIGN(made, errand.invite({.read_only = given.read_only,
                                       .once = given.once,
                                       .expires = static_cast<std::uint64_t>(expires.count()),
                                       .session = given.session}));
    FARPTY_TRY(auth::parse_token(made.token));
    const std::string address = address_text(given.host.empty() ? url.host : given.host, url.port);
    FARPTY_TRY(print_invitation(address, made.token));
    explain(given, address);
    return {};
  });
}

int invite(const Given& given) {
  log::open(given.verbose);
  const auto done = [&]() -> Result<> {
    FARPTY_ASSIGN(expires, parse_duration(given.expires));
    if (expires == std::chrono::seconds(0)) return failure("cannot invite", "", "the invitation would be over at once");
    return given.address.empty() ? invite_here(given, expires) : invite_there(given, expires);
  }();
  if (done) return 0;
  log::error("{}", log::printable(done.error().message(), 500));
  return 1;
}

}  // namespace

Run add_invite(CLI::App& app, Secrets& secrets) {
  const auto given = std::make_shared<Given>();
  auto* command = app.add_subcommand("invite", "print an address by which somebody may come in for a while");
  command->add_option("url", given->address, "[USER@]HOST[:PORT] of the server (default: yours on this machine)");
  command->add_flag("--read-only", given->read_only, "to look on, and type nothing");
  command->add_flag("--once", given->once, "for one guest: it is spent by the first who comes");
  command->add_option("--expires", given->expires, "until when, such as 2h (default 10m)")->type_name("TIME");
  command->add_option("--session", given->session, "to this session only, by its name or number")->type_name("NAME");
  command->add_option("--host", given->host, "how guests call this machine (default: as its door listens)")
      ->type_name("NAME");
  command->add_option("--server", given->server, "the server of that pid on this machine")->type_name("PID");
  command->add_flag("--for-ssh", given->for_ssh, "what farpty connect --ssh runs on the far side")->group("");
  command->add_flag("-v,--verbose", given->verbose, "explain each step");
  add_errand_options(*command, given->far, secrets);
  return [given] { return invite(*given); };
}

}  // namespace farpty::app
