#include "app/server.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/notify.hpp"
#include "app/recording.hpp"
#include "app/shell.hpp"
#include "app/user.hpp"
#include "base/log.hpp"
#include "base/own_directory.hpp"
#include "door/native_start.hpp"

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

Result<std::shared_ptr<const door::Settings>> make_settings(const ServeOptions& options, const User& user,
                                                            std::shared_ptr<pty::Sandbox> sandbox) {
  FARPTY_TRY(options.rlimits.permitted());
  static const auto open_files = raise_open_files();
  auto settings = std::make_shared<door::Settings>();
  session::Spec& spec = settings->spec;
  spec.program = program_for(user, options.program);
  if (!options.shell.empty()) door::set_variable(spec.program.environment, "SHELL", options.shell);
  spec.program.open_files = open_files;
  spec.program.leftovers = options.leftovers;
  FARPTY_ASSIGN(rung, pty::choose_terminal(options.terminal));
  if (options.sandbox && rung.source.kind == pty::TerminalKind::kEmulated)
    return failure("cannot use", "--sandbox", "an emulated terminal needs a socket, which the sandbox takes away",
                   "--terminal pipes runs programs without a terminal");
  log::info("terminals: {}", rung.why);
  spec.terminal = rung.source;
  spec.terminal.listening = options.listening;
  spec.limits = options.session_limits;
  spec.rlimits = options.rlimits;
  FARPTY_ASSIGN(recording, recording_of(options.record, options.record_input));
  spec.recording = std::move(recording);
  if (options.sandbox) spec.sandbox = std::move(sandbox);
  settings->term = options.term;
  settings->commands = options.program.empty() ? door::Commands::kAny : door::Commands::kOnlyTheProgram;
  settings->retain = options.retain.bytes;
  settings->when_full = options.retain.when_full;
  settings->reauth = options.reauth;
  settings->telnet_wait = options.telnet_wait;
  settings->shell = user.shell;
  settings->home = user.home;
  const bool probe = options.probe_size == ProbeChoice::kYes ||
                     (options.probe_size == ProbeChoice::kAuto && is_interactive_shell(user, options.program));
  settings->probe_size =
      probe && rung.source.kind != pty::TerminalKind::kPipes ? door::ProbeSize::kYes : door::ProbeSize::kNo;
  return settings;
}

void say_who_is_served(const ServeOptions& options, const User& user) {
  const std::string what = options.program.empty() ? "a shell" : fmt::format("'{}'", fmt::join(options.program, " "));
  if (options.openness == door::Openness::kPublic)
    log::warn("--insecure-public: everyone who can reach these doors gets {} as {}, without password or encryption",
              what, user.name);
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
      shared_{.loop = {.context = context_, .children = children_, .buffer = buffer_},
              .registry = registry_,
              .gate = gate_},
      doors_(shared_, [this] { leave_if_done(); }),
      signals_(context_),
      idle_timer_(context_) {}

Result<> Server::open(const ServeOptions& options, std::optional<std::string> config_path, GivenFlags flags,
                      std::vector<std::string> program) {
  config_path_ = std::move(config_path);
  flags_ = std::move(flags);
  program_ = std::move(program);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) signals_.add(number);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);  // a recording that grows past RLIMIT_FSIZE costs its session, not the server
  FARPTY_ASSIGN(inherited, inherited_sockets());
  FARPTY_TRY(doors_.adopt(std::move(inherited)));
  if (const auto done = open_control(); !done)
    log::warn("farpty ps and farpty kill will not find this server: {}", done.error().message());
  FARPTY_TRY(apply(options));
  wait_for_signal();
  notify("READY=1");
  return {};
}

Result<> Server::apply(const ServeOptions& options) {
  FARPTY_ASSIGN(user, current_user());
  if (!options.shell.empty()) {
    // Who names one means that one: no other takes its place.
    if (access(options.shell.c_str(), X_OK) != 0) return os_error("cannot use", "--shell " + options.shell);
    user.shell = options.shell;
  } else if (options.program.empty()) {
    Shell shell = find_shell(user.shell);
    if (!shell.why.empty()) log::info("{}", shell.why);
    user.shell = std::move(shell.path);
  }
  FARPTY_TRY(prepare_sandbox(options));
  FARPTY_ASSIGN(settings, make_settings(options, user, sandbox_));
  FARPTY_TRY(prepare_keeper(options, user));
  FARPTY_TRY(doors_.change(options.listen, options.openness, settings));
  gate_.set(options.openness, options.limits);
  exit_when_idle_ = options.exit_when_idle;
  idle_since_ = session::Clock::now();
  look_for_idle();
  if (std::exchange(openness_, options.openness) != options.openness) say_who_is_served(options, user);
  return {};
}

// Once there is one it stays: its invitations are good as long as the server runs.
Result<> Server::prepare_keeper(const ServeOptions& options, const User& user) {
  const auto is_native = [](const net::Url& url) { return url.protocol == net::Protocol::kFarpty; };
  if (keeper_ || !(std::ranges::any_of(options.listen, is_native) || doors_.adopted_native())) return {};
  FARPTY_ASSIGN(keeper, door::Doorkeeper::open(user.name));
  keeper_ = std::move(keeper);
  shared_.keeper = keeper_.get();
  registry_.when_gone([this](unsigned session) { keeper_->session_ended(session); });
  const std::string key = auth::fingerprint(keeper_->key());
  log::event(log::Level::info, "server-key", {{"key", key}}, "this server's key is " + key);
  return {};
}

Result<> Server::open_control() {
  const auto directories = runtime_directories();
  if (directories.empty())
    return failure("cannot find", "a runtime directory", "neither XDG_RUNTIME_DIR nor HOME is set");
  FARPTY_ASSIGN(directory, open_own_directory(directories.front(), Missing::kMake));
  FARPTY_ASSIGN(socket, net::RuntimeSocket::open(std::move(directory), getpid()));
  FARPTY_ASSIGN(control, door::Control::open(context_, std::move(socket), registry_,
                                             {.doors = [this] { return doors_.urls(); },
                                              .invite = [this](const auto& request) { return invite(request); }}));
  control_ = std::move(control);
  return {};
}

Result<auth::Token> Server::invite(const control::InviteRequest& request) {
  if (!keeper_)
    return failure("cannot invite", "", "this server has no native door", "start one with --listen farpty://");
  auth::InvitationTerms terms{.expires = request.expires == 0 ? auth::kNever : auth::Seconds{request.expires},
                              .uses = request.once ? auth::Uses::kOnce : auth::Uses::kMany,
                              .writing = request.read_only ? auth::Writing::kRefused : auth::Writing::kAllowed};
  if (request.enter_within != 0) terms.enter_by = auth::Seconds{request.enter_within};
  if (!request.session.empty()) {
    const auto* const session = registry_.find_lasting(request.session);
    if (session == nullptr) return failure("cannot invite", "", "there is no session '" + request.session + "'");
    terms.session = session->id();
  }
  FARPTY_ASSIGN(token, keeper_->invite(terms));
  log::event(log::Level::info, "invitation", {{"invitation", token.id.text()}},
             fmt::format("an invitation was made: {}{}{}", token.id.text(), request.once ? ", for once" : "",
                         request.read_only ? ", read-only" : ""));
  return token;
}

void Server::run() { context_.run(); }

void Server::wait_for_signal() {
  signals_.async_wait([this](const boost::system::error_code& code, int number) {
    if (code) return;
    if (number == SIGHUP)
      reload();
    else
      stop(number);
    wait_for_signal();
  });
}

void Server::reload() {
  if (stopping_) return;
  if (!config_path_) return log::info("SIGHUP: there is no configuration file to read again (see --config)");
  notify_reloading();
  const auto read_again = [this]() -> Result<> {
    FARPTY_ASSIGN(options, load_serve_options(config_path_, flags_, program_));
    return apply(options);
  };
  const auto applied = read_again();
  if (applied)
    log::event(log::Level::info, "reload", {{"file", *config_path_}}, fmt::format("read {} again", *config_path_));
  else
    log::event(log::Level::err, "reload-failed", {{"file", *config_path_}, {"reason", applied.error().message()}},
               fmt::format("{}; the old settings stay", applied.error().message()));
  notify("READY=1");
}

Result<> Server::prepare_sandbox(const ServeOptions& options) {
  if (!options.sandbox || sandbox_) return {};
  FARPTY_ASSIGN(sandbox, pty::Sandbox::prepare());
  sandbox_ = std::make_shared<pty::Sandbox>(std::move(sandbox));
  log::info("sandbox: {}", sandbox_->description());
  return {};
}

void Server::stop(int number) {
  if (std::exchange(stopping_, true)) {
    log::warn("{} again: killing what is left, leaving at once", strsignal(number));
    registry_.kill_all();
    return context_.stop();
  }
  notify("STOPPING=1");
  log::event(log::Level::info, "stopping", {{"reason", strsignal(number)}, {"sessions", registry_.count()}},
             fmt::format("{}: hanging up {} session(s)", strsignal(number), registry_.count()));
  idle_timer_.cancel();
  doors_.stop_listening();
  control_.reset();
  registry_.finish_all(session::Cause::kServerStopping);
  registry_.when_empty([this] { leave_if_done(); });
}

// --exit-when-idle. Looks once a second: coming and going has no price then.
void Server::look_for_idle() {
  idle_timer_.cancel();
  if (exit_when_idle_ == std::chrono::seconds(0) || stopping_) return;
  const auto now = session::Clock::now();
  if (registry_.count() > 0 || doors_.has_connections()) idle_since_ = now;
  if (now - idle_since_ >= exit_when_idle_) {
    log::info("nobody was here for {} s", exit_when_idle_.count());
    return stop(SIGTERM);
  }
  idle_timer_.run_after(std::chrono::seconds(1), [this] { look_for_idle(); });
}

// When the sessions are gone, what they said last is still on its way to their peers.
void Server::leave_if_done() {
  if (stopping_ && registry_.count() == 0 && !doors_.has_connections()) context_.stop();
}

}  // namespace farpty::app
