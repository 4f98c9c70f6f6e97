// `farpty connect`, `farpty exec` and `farpty attach`: their flags, and from an address to a running client.
#include <unistd.h>

#include <cstdlib>
#include <utility>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>

#include "app/commands.hpp"
#include "app/native_connect.hpp"
#include "base/log.hpp"
#include "client/client.hpp"
#include "client/telnet_link.hpp"
#include "net/dial.hpp"

namespace farpty::app {

namespace {

struct Given {
  std::string url;
  std::string escape = "~";
  bool verbose = false;
  bool terminal = false, no_terminal = false, accept_new = false;
  NativeWish wish;
};

constexpr int kFailed = 255;  // as ssh(1), EXIT STATUS

int fail(const Error& error) {
  log::error("{}", error.message());
  return kFailed;
}

Result<std::optional<char>> parse_escape(const std::string& text) {
  if (text == "none") return std::nullopt;
  if (text.size() == 1) return text[0];
  if (text.size() == 2 && text[0] == '^') return static_cast<char>(text[1] & 0x1f);
  return failure("cannot understand", "--escape-char '" + text + "'", "it is not a character",
                 "write it like ~, ^] or none");
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

int connect(const Given& given) {
  log::open(given.verbose);
  const auto escape = parse_escape(given.escape);
  if (!escape) return fail(escape.error());
  const auto url = net::parse_target(given.url);
  if (!url) return fail(url.error());
  if (url->protocol == net::Protocol::kFarpty) {
    NativeWish wish = given.wish;
    if (!wish.command.empty() && wish.command.front() == "--") wish.command.erase(wish.command.begin());
    wish.escape = *escape;
    if (given.terminal) wish.terminal = TerminalWish::kYes;
    if (given.no_terminal) wish.terminal = TerminalWish::kNo;
    if (given.accept_new) wish.new_hosts = client::NewHosts::kAccept;
    return connect_natively(*url, wish);
  }
  if (!given.wish.command.empty() || !given.wish.session.empty())
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
void add_common(CLI::App& command, const std::shared_ptr<Given>& given) {
  command
      .add_option("-i,--identity", given->wish.identity,
                  "your key's file (default ~/.config/farpty/id_ed25519, else ~/.ssh/id_ed25519)")
      ->type_name("FILE");
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

}  // namespace

Run add_connect(CLI::App& app) {
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
  add_common(*command, given);
  command->positionals_at_end();
  return [given] { return connect(*given); };
}

Run add_exec(CLI::App& app) {
  const auto given = std::make_shared<Given>();
  given->escape = "none";
  auto* command = app.add_subcommand("exec", "run a command somewhere; its exit status is yours");
  command->add_option("url", given->url, "[USER@]HOST[:PORT] or farpty://...")->required();
  command->add_option("command", given->wish.command, "what to run")->type_name("-- COMMAND ARG")->required();
  add_terminal_choice(*command, given);
  add_common(*command, given);
  command->positionals_at_end();
  return [given] { return connect(*given); };
}

}  // namespace farpty::app
