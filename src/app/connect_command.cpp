// `farpty connect`, `farpty exec` and `farpty attach`: their flags, and from an address to a running client.
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>

#include "app/commands.hpp"
#include "app/native_connect.hpp"
#include "app/units.hpp"
#include "auth/given_token.hpp"
#include "base/log.hpp"
#include "client/ask.hpp"
#include "client/client.hpp"
#include "client/local_call.hpp"
#include "client/session_name.hpp"
#include "client/ssh_fetch.hpp"
#include "client/telnet_link.hpp"
#include "net/dial.hpp"

namespace farpty::app {

namespace {

struct Given {
  std::string url;
  std::string escape = "~";
  bool verbose = false;
  bool terminal = false, no_terminal = false, accept_new = false;
  bool fresh = false, attach_or_new = false;
  bool token_on_stdin = false;
  bool by_ssh = false;
  bool may_be_host = false;  // the address may name a host that dialled in here
  std::string ssh_program = "ssh", far_program = "farpty";
  std::string linger;
  auth::SecretBytes* token = nullptr;
  NativeWish wish;
};

constexpr int kFailed = 255;  // as ssh(1), EXIT STATUS

int fail(const Error& error) {
  log::error("{}", error.message());
  return kFailed;
}

std::unique_ptr<client::Link> link_for(net::Protocol protocol) {
  switch (protocol) {
    case net::Protocol::kFarpty: return nullptr;
    case net::Protocol::kRaw: return std::make_unique<client::RawLink>();
    case net::Protocol::kTelnet: {
      const char* term = isatty(STDOUT_FILENO) == 1 ? std::getenv("TERM") : nullptr;
      return std::make_unique<client::TelnetLink>(client::terminal_types(term == nullptr ? "" : term));
    }
  }
  std::unreachable();
}

// stdin is the token's then; a person at a terminal types there, as in `printf %s TOKEN | farpty connect ...`.
Result<> read_token_from_stdin(const Given& given, const NativeWish& wish) {
  FARPTY_ASSIGN(token, auth::read_token(STDIN_FILENO));
  *given.token = std::move(token);
  if (!wish.command.empty() || wish.terminal == TerminalWish::kNo) return {};
  const OwnedFd tty(::open("/dev/tty", O_RDWR | O_CLOEXEC));
  if (tty && dup2(tty.get(), STDIN_FILENO) < 0) return os_error("cannot read from", "/dev/tty");
  return {};
}

// A host that dialled in here, by its number or as the only one.
int attach_to_host(const NativeWish& wish, const std::string& number) {
  const auto name = [&]() -> Result<std::optional<client::SessionName>> {
    if (number.empty()) return std::nullopt;
    FARPTY_ASSIGN(named, client::parse_session_name(number));
    return std::optional(named);
  }();
  if (!name) return fail(name.error());
  const auto servers = client::RunningServers::ask(name->has_value() ? (*name)->server : std::nullopt);
  const auto attach = [&]() -> Result<int> {
    FARPTY_ASSIGN(target, client::find_host(*name, servers.found()));
    FARPTY_ASSIGN(listener, servers.address_of(target.server));
    FARPTY_ASSIGN(keys, client::LocalKeys::make(target.session));
    boost::asio::io_context context(1);
    FARPTY_ASSIGN(options, options_for_host(wish));
    FARPTY_ASSIGN(client, client_for_host(context, *keys, {.listener = listener, .host = target.session}, options));
    return client->run();
  }();
  return attach ? *attach : fail(attach.error());
}

int connect(const Given& given) {
  log::open(given.verbose);
  const auto escape = parse_escape(given.escape);
  if (!escape) return fail(escape.error());
  if (given.may_be_host && (given.url.empty() || client::parse_session_name(given.url))) {
    NativeWish wish = given.wish;
    wish.escape = *escape;
    return attach_to_host(wish, given.url);
  }
  auto url = given.by_ssh ? client::fetch_by_ssh({.destination = given.url,
                                                  .program = client::words_of(given.ssh_program),
                                                  .far_program = given.far_program})
                          : net::parse_target(given.url);
  if (!url) return fail(url.error());
  if (url->protocol == net::Protocol::kFarpty) {
    NativeWish wish = given.wish;
    if (!wish.command.empty() && wish.command.front() == "--") wish.command.erase(wish.command.begin());
    wish.escape = *escape;
    if (given.terminal) wish.terminal = TerminalWish::kYes;
    if (given.no_terminal) wish.terminal = TerminalWish::kNo;
    if (given.accept_new) wish.far.new_hosts = client::NewHosts::kAccept;
    wish.far.token = given.token;
    if (given.token_on_stdin)
      if (const auto read = read_token_from_stdin(given, wish); !read) return fail(read.error());
    if (given.attach_or_new) wish.which = wire::Which::kAttachOrNew;
    if (!given.linger.empty()) {
      const auto linger = parse_duration(given.linger);
      if (!linger) return fail(linger.error());
      wish.linger = *linger;
    }
    return connect_natively(std::move(*url), wish);
  }
  if (!given.wish.command.empty() || !given.wish.session.empty() || !given.wish.service.empty() ||
      given.wish.which != wire::Which::kNew)
    return fail(
        failure("cannot use", url->text(), "this protocol carries neither commands nor sessions' names").error());
  log::debug("connecting to {}", url->text());
  auto socket = net::dial(*url);
  if (!socket) return fail(socket.error());
  log::debug("connected");
  boost::asio::io_context context(1);
  auto client = client::Client::open(context, std::move(*socket), link_for(url->protocol),
                                     {.name = url->text(), .escape = *escape});
  if (!client) return fail(client.error());
  const int status = (*client)->run();
  log::debug("exit status {}", status);
  return status;
}

// Flags of everything that goes to a native door.
void add_common(CLI::App& command, const std::shared_ptr<Given>& given, Secrets& secrets) {
  given->token = &secrets.token;
  command
      .add_option("-i,--identity", given->wish.far.identity,
                  "your key's file (default ~/.config/farpty/id_ed25519, else ~/.ssh/id_ed25519)")
      ->type_name("FILE");
  command.add_flag("--token-stdin", given->token_on_stdin, "read an invitation's token from standard input: one line");
  command.add_flag("--accept-new", given->accept_new, "pin a server's key at the first meeting without asking");
  command.add_flag("-v,--verbose", given->verbose, "explain each step");
}

void add_terminal_choice(CLI::App& command, const std::shared_ptr<Given>& given) {
  auto* const yes = command.add_flag("-t", given->terminal, "a terminal for the command, also where stdin is none");
  command.add_flag("-T", given->no_terminal, "no terminal: pipes, with stdout and stderr apart")->excludes(yes);
}

void add_escape(CLI::App& command, const std::shared_ptr<Given>& given) {
  command
      .add_option("-e,--escape-char", given->escape, "the key that speaks to farpty at the start of a line (default ~)")
      ->type_name("CHAR|none");
}

void add_linger(CLI::App& command, const std::shared_ptr<Given>& given) {
  command
      .add_option("--linger", given->linger,
                  "how long the session waits for its client, such as 2h; 0: for ever (default: the server's choice)")
      ->type_name("TIME");
}

}  // namespace

Run add_connect(CLI::App& app, Secrets& secrets) {
  const auto given = std::make_shared<Given>();
  auto* command = app.add_subcommand("connect", "log in somewhere: your terminal becomes the far program's terminal");
  command
      ->add_option("url", given->url,
                   "[USER@]HOST[:PORT], farpty://..., raw://HOST:PORT, telnet://HOST[:PORT], raw+unix:///path")
      ->required();
  command->add_option("command", given->wish.command, "what to run there instead of the shell")
      ->type_name("-- COMMAND ARG");
  add_escape(*command, given);
  add_terminal_choice(*command, given);
  command->add_option("--name", given->wish.session, "the session's name, by which it can be attached to")
      ->type_name("NAME");
  auto* const fresh = command->add_flag("--new", given->fresh,
                                        "start a session, and fail where there is one of that name (the default)");
  command->add_flag("--attach-or-new", given->attach_or_new, "attach to the session of that name where there is one")
      ->excludes(fresh);
  add_linger(*command, given);
  command->add_flag("--ssh", given->by_ssh,
                    "log in by ssh and stay by farpty: nothing to set up where ssh works; the address is ssh's");
  command->add_option("--ssh-program", given->ssh_program, "ssh and its options, such as 'ssh -p 2222'")
      ->type_name("WORDS");
  command->add_option("--far-program", given->far_program, "farpty's path over there (default: farpty)")
      ->type_name("PATH");
  command->add_option("--service", given->wish.service)->group("");  // farpty copy's, not a person's
  add_common(*command, given, secrets);
  command->positionals_at_end();
  return [given] { return connect(*given); };
}

Run add_attach(CLI::App& app, Secrets& secrets) {
  const auto given = std::make_shared<Given>();
  given->wish.which = wire::Which::kAttach;
  given->wish.terminal = TerminalWish::kYes;
  given->may_be_host = true;
  auto* command = app.add_subcommand("attach", "go on with a session that runs somewhere, or look on");
  command->add_option(
      "url", given->url,
      "[USER@]HOST[:PORT] or farpty://..., or the number of a host that dialled in here (default: the one "
      "that there is)");
  command->add_option("name", given->wish.session, "the session's name or number (default: the one that there is)");
  command->add_flag("--read-only", given->wish.read_only, "look on: type nothing, and leave the size alone");
  add_escape(*command, given);
  add_common(*command, given, secrets);
  return [given] { return connect(*given); };
}

Run add_exec(CLI::App& app, Secrets& secrets) {
  const auto given = std::make_shared<Given>();
  given->escape = "none";
  auto* command = app.add_subcommand("exec", "run a command somewhere; its exit status is yours");
  command->add_option("url", given->url, "[USER@]HOST[:PORT] or farpty://...")->required();
  command->add_option("command", given->wish.command, "what to run")->type_name("-- COMMAND ARG")->required();
  add_terminal_choice(*command, given);
  add_common(*command, given, secrets);
  command->positionals_at_end();
  return [given] { return connect(*given); };
}

}  // namespace farpty::app
