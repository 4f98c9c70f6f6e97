// `farpty play`: a recording, played.
#include <unistd.h>

#include <csignal>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>

#include "app/commands.hpp"
#include "base/log.hpp"
#include "client/player.hpp"
#include "client/user_terminal.hpp"

namespace farpty::app {

namespace {

struct Given {
  std::string file;
  double speed = 1;
  std::optional<double> idle_limit;
};

constexpr double kSlowest = 0.01, kFastest = 1000, kLongestPause = 86400;

int fail(const Error& error) {
  log::error("{}", log::printable(error.message(), 500));
  return 1;
}

// What was drawn for a larger terminal wraps on a smaller one.
void compare_sizes(WindowSize recorded) {
  const auto here = isatty(STDOUT_FILENO) == 1 ? client::UserTerminal::size() : std::nullopt;
  if (!here || (here->columns >= recorded.columns && here->rows >= recorded.rows)) return;
  log::warn("this was recorded on a terminal of {}x{}; yours has {}x{}", recorded.columns, recorded.rows, here->columns,
            here->rows);
}

int play(const Given& given) {
  log::open(false);
  std::optional<cast::Micros> limit;
  if (given.idle_limit) limit = static_cast<cast::Micros>(*given.idle_limit * 1e6);
  auto tape = client::Tape::open(given.file, limit);
  if (!tape) return fail(tape.error());
  compare_sizes((*tape)->header().size);
  signal(SIGPIPE, SIG_IGN);
  boost::asio::io_context context(1);
  const client::Tape& played = **tape;
  client::Player player(context, std::move(*tape), given.speed);
  if (const auto opened = player.open(); !opened) return fail(opened.error());
  const auto status = player.run();
  if (!status) return fail(status.error());
  if (played.broken_off())
    log::warn("{} ends in the middle of a line: its writer was cut short", log::printable(given.file));
  return *status;
}

}  // namespace

Run add_play(CLI::App& app) {
  const auto given = std::make_shared<Given>();
  auto* command = app.add_subcommand("play", "play a recording: space pauses, . steps, arrows seek, q ends");
  command->add_option("--speed", given->speed, "2 is twice as fast (default 1)")
      ->type_name("FACTOR")
      ->check(CLI::Range(kSlowest, kFastest));
  command->add_option("--idle-limit", given->idle_limit, "cut longer pauses to this (default: what the recording says)")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.0, kLongestPause));
  command->add_option("file", given->file, "a recording, asciicast v2")->type_name("FILE")->required();
  return [given] { return play(*given); };
}

}  // namespace farpty::app
