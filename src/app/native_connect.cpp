#include "app/native_connect.hpp"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iterator>

#include <fmt/format.h>
#include <boost/asio/io_context.hpp>

#include "auth/ed25519.hpp"
#include "base/carried_terminfo.hpp"
#include "base/log.hpp"
#include "base/terminfo.hpp"

extern char** environ;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables): POSIX

namespace farpty::app {

namespace {

constexpr int kFailed = 255;  // as ssh(1), EXIT STATUS

int fail(const Error& error) {
  log::error("{}", error.message());
  return kFailed;
}

std::optional<std::string> variable(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr && *value != '\0' ? std::optional<std::string>(value) : std::nullopt;
}

// What the far program is told of the terminal and of the user's language; the server takes no other names.
void add_environment(wire::Start& start) {
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = text.substr(0, equals), value = text.substr(equals + 1);
    const bool wanted = name == "LANG" || name == "COLORTERM" || name.starts_with("LC_");
    if (wanted && name.size() <= wire::kMaxName && value.size() <= wire::kMaxVariable &&
        start.environment.size() < wire::kMaxVariables)
      start.environment.emplace_back(name, value);
  }
}

void add_terminal(wire::Start& start) {
  start.term = variable("TERM").value_or("dumb").substr(0, wire::kMaxName);
  const auto file = find_terminfo(start.term, terminfo_folders({.terminfo = variable("TERMINFO"),
                                                                .home = variable("HOME"),
                                                                .terminfo_dirs = variable("TERMINFO_DIRS")}));
  if (!file) {
    start.terminfo = carried_terminfo(start.term);
    return;
  }
  std::ifstream entry(*file, std::ios::binary);
  start.terminfo.assign(std::istreambuf_iterator<char>(entry), {});
  if (start.terminfo.size() > wire::kMaxTerminfo) start.terminfo.clear();
}

Result<wire::Start> start_of(const NativeWish& wish) {
  wire::Start start{.command = wish.command,
                    .name = wish.session,
                    .which = wish.which,
                    .read_only = wish.read_only,
                    .service = wish.service};
  if (wish.linger) start.linger = static_cast<std::uint64_t>(wish.linger->count());
  std::size_t bytes = 0;
  for (const std::string& word : start.command) bytes += word.size();
  if (start.command.size() > wire::kMaxArguments || bytes > wire::kMaxCommand)
    return failure("cannot run", "the command", "it is too long to be sent");
  if (start.name.size() > wire::kMaxName) return failure("cannot use", "the session's name", "it is too long");
  std::array<std::byte, wire::kStartIdSize> id;
  FARPTY_TRY(auth::fill_with_random(id));
  start.id = as_text(id);
  start.terminal =
      wish.terminal == TerminalWish::kYes || (wish.terminal == TerminalWish::kAuto && isatty(STDIN_FILENO) == 1);
  add_environment(start);
  if (start.terminal) add_terminal(start);
  return start;
}

}  // namespace

int connect_natively(net::Url url, const NativeWish& wish) {
  auto start = start_of(wish);
  if (!start) return fail(start.error());
  const std::string user = url.user;
  auto far = FarEnd::find(std::move(url), wish.far);
  if (!far) return fail(far.error());
  boost::asio::io_context context(1);
  const auto client = client::NativeClient::make(
      context, far->identity(), far->addresses(),
      {.name = far->name(), .user = user, .escape = wish.escape, .start = std::move(*start)});
  log::debug("connecting to {}", far->name());
  if (const auto met = far->meet(client->line()); !met) return fail(met.error());
  signal(SIGPIPE, SIG_IGN);  // a reader that is gone is told of by write(2): the program over there is to end, too
  return client->run();
}

Result<client::NativeOptions> options_for_host(const NativeWish& wish) {
  NativeWish session = wish;
  session.which = wire::Which::kAttachOrNew;
  FARPTY_ASSIGN(start, start_of(session));
  return client::NativeOptions{.escape = wish.escape, .start = std::move(start)};
}

Result<std::unique_ptr<client::NativeClient>> client_for_host(boost::asio::io_context& context,
                                                              client::NativeKeys& keys, const HostWish& host,
                                                              client::NativeOptions options) {
  options.name = fmt::format("host {}", host.host);
  options.way_back = fmt::format("farpty attach {}", host.host);
  options.hangs_up_alone = host.hangs_up_alone;
  auto client = client::NativeClient::make(context, keys, {host.listener}, std::move(options));
  FARPTY_TRY(client->line().reach());
  return client;
}

}  // namespace farpty::app
