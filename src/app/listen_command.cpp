// `farpty listen`: the desk of dialling out. Hosts dial in; the first one gets this terminal, the others wait for farpty attach.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstring>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include "app/commands.hpp"
#include "app/native_connect.hpp"
#include "app/own_address.hpp"
#include "app/units.hpp"
#include "auth/token.hpp"
#include "base/log.hpp"
#include "base/own_directory.hpp"
#include "base/timer.hpp"
#include "client/local_call.hpp"
#include "door/control.hpp"
#include "door/switchboard.hpp"

namespace farpty::app {

namespace {

struct Given {
  std::string on = "farpty://127.0.0.1:7022";
  std::string host;  // what hosts write; empty: found out
  std::string expires = "10m";
  std::string escape = "~";
  bool once = false, verbose = false;
};

constexpr int kFailed = 255;                      // as ssh(1), EXIT STATUS
constexpr std::chrono::seconds kFarewellTime{2};  // for the hosts to hear that it is over

// The one line for stdout. The token is in the environment over there, in no argument; what the shell there keeps of it is
// for the user to watch.
Result<> print(const std::string& address, std::string_view token) {
  const std::string line = fmt::format("FARPTY_TOKEN={} farpty run --to {} -- bash\n", token, address);
  if (std::fwrite(line.data(), 1, line.size(), stdout) != line.size() || std::fflush(stdout) != 0)
    return os_error("cannot write", "the line");
  return {};
}

class Desk {
 public:
  explicit Desk(const Given& given)
      : given_(given),
        children_(context_),
        registry_({.context = context_, .children = children_, .buffer = buffer_}),
        signals_(context_, SIGINT, SIGTERM, SIGHUP),
        timer_(context_) {}

  Result<> open();
  int run();

 private:
  Result<> open_control();
  Result<int> sit_down(unsigned host);
  void wait_for_signal();
  void changed();

  const Given& given_;
  boost::asio::io_context context_{1};
  pty::Children children_;
  std::vector<std::byte> buffer_;
  session::Registry registry_;  // of no sessions: they are elsewhere
  boost::asio::signal_set signals_;
  Timer timer_;
  client::NativeOptions options_;  // of who sits here
  std::unique_ptr<door::Doorkeeper> keeper_;
  std::unique_ptr<door::Switchboard> board_;
  std::unique_ptr<door::Control> control_;
  std::optional<OwnDirectory> directory_;
  net::Address own_;                        // of the control socket
  client::NativeClient* client_ = nullptr;  // who sits here
  std::size_t told_ = 0;                    // hosts that the user was told of
  int signal_ = 0;
  bool too_late_ = false;
};

Result<> Desk::open() {
  FARPTY_ASSIGN(escape, parse_escape(given_.escape));
  FARPTY_ASSIGN(options, options_for_host({.escape = escape}));
  options_ = std::move(options);
  FARPTY_ASSIGN(expires, parse_duration(given_.expires));
  if (expires == std::chrono::seconds(0)) return failure("cannot listen", "", "the token would be over at once");
  FARPTY_ASSIGN(url, net::parse_url(given_.on));
  if (url.protocol != net::Protocol::kFarpty || url.unix_socket || !url.user.empty() || !url.token.empty())
    return failure("cannot listen on", url.text(), "hosts dial in by farpty:// alone",
                   "write --on farpty://ADDRESS:PORT");
  ::signal(SIGPIPE, SIG_IGN);
  FARPTY_ASSIGN(tls, net::TlsContext::desk());
  FARPTY_ASSIGN(keeper, door::Doorkeeper::for_tokens(std::move(tls)));
  keeper_ = std::move(keeper);
  // Who is in stays in: the time is for coming in.
  FARPTY_ASSIGN(token, keeper_->invite({.expires = auth::kNever,
                                        .enter_by = static_cast<auth::Seconds>(expires.count()),
                                        .uses = given_.once ? auth::Uses::kOnce : auth::Uses::kMany}));
  FARPTY_ASSIGN(listener, net::Listener::open(url));
  FARPTY_ASSIGN(board, door::Switchboard::open(context_, std::move(listener), *keeper_, [this] { changed(); }));
  board_ = std::move(board);
  board_->wait_with([this] { return client::NativeClient::opening(options_); });
  FARPTY_TRY(open_control());
  timer_.run_after(expires, [this] { too_late_ = true; });
  wait_for_signal();
  log::info("listening on {}", board_->url().text());
  FARPTY_TRY(print(address_of(board_->url(), given_.host), as_text(auth::token_text(token))));
  log::info("run this line over there{}, within {}; Ctrl-C ends this", given_.once ? " (once)" : "", given_.expires);
  return {};
}

Result<> Desk::open_control() {
  const auto directories = runtime_directories();
  if (directories.empty())
    return failure("cannot find", "a runtime directory", "neither XDG_RUNTIME_DIR nor HOME is set");
  FARPTY_ASSIGN(directory, open_own_directory(directories.front(), Missing::kMake));
  FARPTY_ASSIGN(socket, net::RuntimeSocket::open(std::move(directory), getpid()));
  FARPTY_ASSIGN(
      control,
      door::Control::open(context_, std::move(socket), registry_,
                          {.doors = [] { return std::vector<std::string>(); },
                           .invite = [](const auto&) -> Result<auth::Token> {
                             return failure("cannot invite", "", "this is a listener and no server");
                           },
                           .add_hosts =
                               [this](control::Server& server) {
                                 server.listener = board_->url().text();
                                 server.hosts = board_->hosts();
                               },
                           .attach = [this](unsigned host, OwnedFd local) { board_->attach(host, std::move(local)); },
                           .dismiss = [this](unsigned host) { return board_->dismiss(host); }}));
  control_ = std::move(control);
  FARPTY_ASSIGN(again, open_own_directory(directories.front(), Missing::kFail));
  directory_ = std::move(again);
  FARPTY_ASSIGN(own, net::address_of_server(*directory_, getpid()));
  own_ = own;
  return {};
}

void Desk::wait_for_signal() {
  signals_.async_wait([this](const boost::system::error_code& code, int number) {
    if (code) return;
    signal_ = number;
    wait_for_signal();
  });
}

// More hosts than the one whose terminal this is.
void Desk::changed() {
  const std::size_t hosts = board_->hosts().size();
  if (client_ != nullptr && hosts > told_ && hosts > 1)
    client_->tell(fmt::format("farpty: another host has dialled in: farpty ls shows {} of them", hosts));
  told_ = hosts;
}

Result<int> Desk::sit_down(unsigned host) {
  board_->sits_down(host);
  FARPTY_ASSIGN(keys, client::LocalKeys::make(host));
  FARPTY_ASSIGN(client,
                client_for_host(context_, *keys, {.listener = own_, .host = host, .hangs_up_alone = true}, options_));
  // What is said meanwhile would be said into the picture of the far program.
  const auto level = spdlog::get_level();
  if (isatty(STDERR_FILENO) == 1) spdlog::set_level(spdlog::level::off);
  client_ = client.get();
  const int status = client->run();
  client_ = nullptr;
  spdlog::set_level(level);
  if (!client->has_detached()) board_->dismiss(host);
  return status;
}

int Desk::run() {
  int status = 0;
  while (signal_ == 0 && !board_->free_host() && !(too_late_ && board_->hosts().empty())) context_.run_one();
  if (const auto host = board_->free_host(); host && signal_ == 0) {
    const auto sat = sit_down(*host);
    if (!sat) {
      log::error("{}", log::printable(sat.error().message(), 500));
      board_->sits_down(0);
    }
    status = sat ? *sat : kFailed;
    if (const std::size_t left = board_->hosts().size(); left > 0 && signal_ == 0)
      log::info("{} here: farpty ls, farpty attach; Ctrl-C ends this, and hangs up",
                left == 1 ? "a host is" : fmt::format("{} hosts are", left));
    while (signal_ == 0 && !board_->hosts().empty()) context_.run_one();
  } else if (signal_ == 0) {
    log::error("no host has dialled in within {}", given_.expires);
    status = kFailed;
  }
  if (signal_ != 0 && status == 0) status = 128 + signal_;
  board_->end();
  bool is_late = false;
  timer_.run_after(kFarewellTime, [&is_late] { is_late = true; });
  while (!board_->is_empty() && !is_late) context_.run_one();
  return status;
}

int listen(const Given& given) {
  log::open(given.verbose);
  Desk desk(given);
  if (const auto opened = desk.open(); !opened) {
    log::error("{}", opened.error().message());
    return kFailed;
  }
  return desk.run();
}

}  // namespace

Run add_listen(CLI::App& app) {
  const auto given = std::make_shared<Given>();
  auto* command = app.add_subcommand("listen", "wait for a host that dials out: your terminal becomes its program's");
  command->add_option("--on", given->on, "where hosts dial in (default farpty://127.0.0.1:7022; port 0: any)")
      ->type_name("URL");
  command->add_option("--host", given->host, "how hosts call this machine (default: as it listens)")->type_name("NAME");
  command->add_flag("--once", given->once, "for one host: the token is spent by the first that comes");
  command->add_option("--expires", given->expires, "until when hosts may come, such as 2h (default 10m)")
      ->type_name("TIME");
  command
      ->add_option("-e,--escape-char", given->escape,
                   "the key that speaks to farpty at the start of a line (default ~)")
      ->type_name("CHAR|none");
  command->add_flag("-v,--verbose", given->verbose, "explain each step");
  return [given] { return listen(*given); };
}

}  // namespace farpty::app
