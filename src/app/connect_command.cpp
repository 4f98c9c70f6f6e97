// `farpty connect`: its flags, and from a URL to a running client.
#include <unistd.h>

#include <cstdlib>
#include <utility>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>

#include "app/commands.hpp"
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
  const auto url = net::parse_url(given.url);
  if (!url) return fail(url.error());
  if (url->protocol == net::Protocol::kFarpty)
    return fail(failure("cannot connect to", url->text(), "this protocol is not there yet").error());
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

}  // namespace

Run add_connect(CLI::App& app) {
  const auto given = std::make_shared<Given>();
  auto* command = app.add_subcommand("connect", "log in somewhere: your terminal becomes the far program's terminal");
  command->add_option("url", given->url, "raw://HOST:PORT, telnet://HOST[:PORT], raw+unix:///path")->required();
  command
      ->add_option("-e,--escape-char", given->escape,
                   "the key that speaks to farpty at the start of a line (default ~)")
      ->type_name("CHAR|none");
  command->add_flag("-v,--verbose", given->verbose, "explain each step");
  return [given] { return connect(*given); };
}

}  // namespace farpty::app
