#include "app/server.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/notify.hpp"
#include "app/user.hpp"
#include "base/log.hpp"

namespace farpty::app {

namespace {

// A server holds two descriptors a session; the usual soft limit of 1024 is made for select(2). Programs get the old one.
std::optional<rlimit> raise_open_files() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return std::nullopt;
  rlimit raised = limit;
  raised.rlim_cur = raised.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &raised) != 0) return std::nullopt;
  return limit;
}

std::shared_ptr<const door::Settings> make_settings(const ServeOptions& options, const User& user) {
  static const auto open_files = raise_open_files();
  auto settings = std::make_shared<door::Settings>();
  session::Spec& spec = settings->spec;
  spec.program = program_for(user, options.program);
  spec.program.open_files = open_files;
  spec.terminal = options.terminal;
  spec.limits = options.session_limits;
  settings->term = options.term;
  const bool probe = options.probe_size == ProbeChoice::kYes ||
                     (options.probe_size == ProbeChoice::kAuto && is_interactive_shell(user, options.program));
  settings->probe_size =
      probe && options.terminal == pty::TerminalKind::kKernel ? door::ProbeSize::kYes : door::ProbeSize::kNo;
  return settings;
}

std::vector<net::Url> default_doors() {
  return {*net::parse_url("raw://127.0.0.1:7777"), *net::parse_url("telnet://127.0.0.1:2323")};
}

Result<> check_reach(const net::Listener& listener, door::Openness openness) {
  if (listener.is_local() || openness == door::Openness::kPublic) return {};
  return failure("cannot listen on", listener.url().text(),
                 "other machines reach this address, and the protocol has no password and no encryption",
                 "listen on 127.0.0.1, or say --insecure-public if everyone may run the program");
}

void say_who_is_served(const ServeOptions& options, const User& user) {
  const std::string what = options.program.empty() ? "a shell" : fmt::format("'{}'", fmt::join(options.program, " "));
  if (options.openness == door::Openness::kPublic)
    log::warn("--insecure-public: everyone who can reach these doors gets {} as {}, without password or encryption", what,
              user.name);
  else if (options.openness == door::Openness::kAnyLocalUser)
    log::warn("--any-local-user: every user of this machine gets {} as {}", what, user.name);
  if (user.uid == 0) log::warn("running as root: whoever is let in runs {} as root", what);
}

}  // namespace

Server::Server()
    : context_(1),  // one thread: Asio needs no locks
      children_(context_),
      buffer_(kBuffer),
      registry_(session::Loop{.context = context_, .children = children_, .buffer = buffer_}),
      gate_(door::Openness::kThisUser, {}),
      shared_{.loop = {.context = context_, .children = children_, .buffer = buffer_}, .registry = registry_, .gate = gate_},
      signals_(context_),
      leaving_(context_) {}

Result<> Server::open(const ServeOptions& options, std::optional<std::string> config_path, GivenFlags flags,
                      std::vector<std::string> program) {
  config_path_ = std::move(config_path);
  flags_ = std::move(flags);
  program_ = std::move(program);
  gate_.set(options.openness, options.limits);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) signals_.add(number);
  signal(SIGPIPE, SIG_IGN);
  FARPTY_TRY(open_doors(options));
  wait_for_signal();
  notify("READY=1");
  return {};
}

Result<> Server::open_doors(const ServeOptions& options) {
  FARPTY_ASSIGN(user, current_user());
  const auto settings = make_settings(options, user);
  std::vector<net::Listener> listeners;
  FARPTY_ASSIGN(inherited, inherited_sockets());
  for (auto& [socket, protocol] : inherited) {
    FARPTY_ASSIGN(listener, net::Listener::adopt(std::move(socket), protocol));
    listeners.push_back(std::move(listener));
  }
  const auto urls = options.listen.empty() && inherited.empty() ? default_doors() : options.listen;
  for (const net::Url& url : urls) {
    FARPTY_ASSIGN(listener, net::Listener::open(url));
    listeners.push_back(std::move(listener));
  }
  say_who_is_served(options, user);
  for (net::Listener& listener : listeners) {
    FARPTY_TRY(check_reach(listener, options.openness));
    FARPTY_ASSIGN(door, door::Door::open(shared_, std::move(listener), settings));
    log::info("listening on {}", door->url().text());
    doors_.push_back(std::move(door));
  }
  return {};
}

void Server::run() { context_.run(); }

void Server::wait_for_signal() {
  signals_.async_wait([this](const boost::system::error_code& code, int number) {
    if (code) return;
    if (number == SIGHUP) reload();
    else stop(number);
    wait_for_signal();
  });
}

// The doors stay as they are; what they do with new connections is read anew.
void Server::reload() {
  if (stopping_) return;
  if (!config_path_) return log::info("SIGHUP: there is no configuration file to read again (see --config)");
  notify_reloading();
  const auto options = load_serve_options(config_path_, flags_, program_);
  const auto user = current_user();
  if (!options) {
    log::error("{}; the old settings stay", options.error().message());
  } else if (!user) {
    log::error("{}; the old settings stay", user.error().message());
  } else {
    gate_.set(options->openness, options->limits);
    const auto settings = make_settings(*options, *user);
    for (const auto& door : doors_) door->set(settings);
    log::info("read {} again", *config_path_);
  }
  notify("READY=1");
}

void Server::stop(int number) {
  if (std::exchange(stopping_, true)) {
    log::warn("{} again: leaving at once", strsignal(number));
    return context_.stop();
  }
  notify("STOPPING=1");
  log::info("{}: hanging up {} session(s)", strsignal(number), registry_.count());
  for (const auto& door : doors_) door->stop_listening();
  registry_.finish_all(session::Cause::kServerStopping);
  registry_.when_empty([this] { leave_when_sent(); });
}

// The sessions are gone; what they said last is still on its way to their peers.
void Server::leave_when_sent() {
  if (std::ranges::all_of(doors_, [](const auto& door) { return door->connections() == 0; })) return context_.stop();
  leaving_.expires_after(std::chrono::milliseconds(10));
  leaving_.async_wait([this](const boost::system::error_code& code) {
    if (!code) leave_when_sent();
  });
}

}  // namespace farpty::app
