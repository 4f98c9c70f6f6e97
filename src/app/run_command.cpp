// `farpty run`: a program on a terminal of ours, where we stand.
#include <unistd.h>

#include <csignal>

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>

#include "app/commands.hpp"
#include "app/dial_out.hpp"
#include "app/local_viewer.hpp"
#include "app/recording.hpp"
#include "app/shell.hpp"
#include "app/units.hpp"
#include "base/log.hpp"
#include "pty/ladder.hpp"

extern char** environ;

namespace farpty::app {

namespace {

struct Given {
  std::string terminal = "auto", seccomp = "auto";
  std::string size;
  std::string record;
  bool record_input = false;
  bool verbose = false;
  DialWish dial;
  std::vector<std::string> program;
};

constexpr int kOwnFailure = 125, kCannotRun = 126, kNotFound = 127;  // as env(1), EXIT STATUS

int fail(const Error& error) {
  log::error("{}", error.message());
  if (error.operation != "cannot run") return kOwnFailure;
  return error.code == ENOENT ? kNotFound : kCannotRun;
}

// The user's own environment: it is the user's own program.
pty::Program program_of(const Given& given) {
  pty::Program program;
  program.arguments = given.program;
  if (program.arguments.empty()) {
    const char* const shell = std::getenv("SHELL");
    Shell found = find_shell(shell != nullptr && *shell != 0 ? shell : "/bin/sh");
    if (!found.why.empty()) log::warn("{}", found.why);
    program.arguments = {std::move(found.path)};
  }
  program.file = program.arguments.front();
  bool has_term = false;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    program.environment.emplace_back(*entry);
    if (program.environment.back().starts_with("TERM=")) has_term = true;
  }
  if (!has_term) program.environment.emplace_back("TERM=xterm-256color");
  char* const here = getcwd(nullptr, 0);
  program.directory = here != nullptr ? here : "/";
  std::free(here);
  return program;
}

Result<session::Spec> spec_of(const Given& given) {
  session::Spec spec;
  FARPTY_ASSIGN(choice, pty::parse_terminal_choice(given.terminal));
  FARPTY_ASSIGN(rung, pty::choose_terminal(choice));
  log::debug("terminals: {}", rung.why);
  spec.terminal = rung.source;
  FARPTY_ASSIGN(listening, pty::parse_listening(given.seccomp));
  spec.terminal.listening = listening;
  spec.program = program_of(given);
  spec.size = client::UserTerminal::size().value_or(WindowSize{});
  if (!given.size.empty()) {
    FARPTY_ASSIGN(size, parse_size(given.size));
    spec.size = size;
  }
  FARPTY_ASSIGN(recording, recording_of(given.record,
                                        given.record_input ? session::RecordInput::kYes : session::RecordInput::kNo));
  spec.recording = std::move(recording);
  return spec;
}

int run(const Given& given) {
  log::open(given.verbose);
  if (!given.verbose) spdlog::set_level(spdlog::level::warn);  // what a session says belongs into a server's log
  const auto spec = spec_of(given);
  if (!spec) return fail(spec.error());
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);  // of a recording: the session ends, and says why
  if (!given.dial.to.empty()) return dial_out(given.dial, *spec);
  boost::asio::io_context context(1);
  pty::Children children(context);
  std::vector<std::byte> buffer(64 * 1024);
  const session::Loop loop{.context = context, .children = children, .buffer = buffer};
  LocalViewer viewer(context);
  if (const auto opened = viewer.open(); !opened) return fail(opened.error());
  std::unique_ptr<session::Session> running;
  {
    auto started = session::Session::start(loop, 1, *spec, [](session::Session&) {});
    if (!started) return fail(started.error());
    running = std::move(*started);
  }
  return viewer.run(*running);
}

}  // namespace

Run add_run(CLI::App& app, Secrets& secrets) {
  const auto given = std::make_shared<Given>();
  given->dial.token = &secrets.token;
  auto* command = app.add_subcommand("run", "run a program on a terminal, also where the machine has none to give");
  command->add_option("--terminal", given->terminal, "what it runs on (default auto: the best that this machine gives)")
      ->type_name("auto|kernel|devpts|emulated|pipes");
  command
      ->add_option("--seccomp", given->seccomp,
                   "emulated: whose system calls are stopped (default auto: those of programs without a libc)")
      ->type_name("auto|always|never");
  command->add_option("--size", given->size, "columns and rows, as 80x24 (default: your terminal's)")->type_name("CxR");
  command->add_option("--record", given->record, "record it as an asciicast in DIR, or do not run it")
      ->type_name("DIR");
  command->add_flag("--record-input", given->record_input, "record what is typed, too: passwords among it");
  command
      ->add_option("--to", given->dial.to,
                   "for whoever sits at this address and waits there by farpty listen; the token in FARPTY_TOKEN")
      ->type_name("URL");
  command->add_flag("--token-stdin", given->dial.token_on_stdin, "--to: read the token from standard input: one line");
  command->add_flag("-v,--verbose", given->verbose, "say what happens");
  command->add_option("program", given->program, "what to run (default: $SHELL)")->type_name("-- PROGRAM ARG");
  command->positionals_at_end();
  return [given] { return run(*given); };
}

}  // namespace farpty::app
