#include "app/serve_options.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "app/config_file.hpp"
#include "app/units.hpp"

namespace farpty::app {

namespace {

using Kind = Setting::Kind;

bool is_terminal_name(std::string_view name) {
  return !name.empty() && name.size() <= 40 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_' || c == '+';
  });
}

// A setter for a value that a parser of ours understands.
template <typename Parse, typename Store>
std::function<Result<>(ServeOptions&, const std::string&)> with(Parse parse, Store store) {
  return [=](ServeOptions& options, const std::string& text) -> Result<> {
    auto value = parse(text);
    if (!value) return std::unexpected(std::move(value).error());
    store(options, std::move(*value));
    return {};
  };
}

template <typename Store>
std::function<Result<>(ServeOptions&, const std::string&)> number(unsigned least, unsigned most, Store store) {
  return with([=](const std::string& text) { return parse_number(text, least, most); }, store);
}

// A switch that, being off, leaves what another one may have set.
template <typename Store>
std::function<Result<>(ServeOptions&, const std::string&)> when_on(Store store) {
  return [=](ServeOptions& options, const std::string& value) -> Result<> {
    if (value == "true") store(options);
    return {};
  };
}

Result<ProbeChoice> parse_probe_choice(const std::string& text) {
  if (text == "auto") return ProbeChoice::kAuto;
  if (text == "yes") return ProbeChoice::kYes;
  if (text == "no") return ProbeChoice::kNo;
  return failure("cannot understand", "'" + text + "'", "it is neither auto, yes nor no");
}

Result<std::string> parse_term(const std::string& text) {
  if (!is_terminal_name(text))
    return failure("cannot understand", "'" + text + "'", "it is not the name of a terminal");
  return text;
}

Result<log::Format> parse_log_format(const std::string& text) {
  if (text == "text") return log::Format::kText;
  if (text == "logfmt") return log::Format::kLogfmt;
  if (text == "json") return log::Format::kJson;
  return failure("cannot understand", "'" + text + "'", "it is neither text, logfmt nor json");
}

Result<std::string> parse_directory(const std::string& text) {
  if (text.empty()) return failure("cannot understand", "''", "it is not the name of a directory");
  return text;
}

// Programs begin elsewhere than we stand, and no PATH is looked through for a shell (passwd(5)).
Result<std::string> parse_shell(const std::string& text) {
  if (!text.starts_with('/')) return failure("cannot use", "'" + text + "'", "a shell is named by its whole path");
  return text;
}

Result<Retain> parse_retain(const std::string& text) {
  if (text == "block") return Retain{.when_full = session::WhenFull::kBlock};
  FARPTY_ASSIGN(bytes, parse_bytes(text));
  // A redraw and the bytes on their way to a slow client have to find room.
  constexpr std::uint64_t kLeast = 64ULL * 1024, kMost = 1ULL << 30;
  if (bytes < kLeast || bytes > kMost) return failure("cannot use", "'" + text + "'", "it is not between 64K and 1G");
  return Retain{.bytes = static_cast<std::size_t>(bytes)};
}

std::vector<Setting> make_settings() {
  using O = ServeOptions;
  constexpr unsigned kMany = 1'000'000;
  return {
      {"listen", Kind::kList, "URL",
       "open a door: farpty://ADDR[:PORT], raw://ADDR:PORT, telnet://ADDR:PORT, raw+unix:///path, ...",
       with(net::parse_url, [](O& o, net::Url url) { o.listen.push_back(std::move(url)); })},
      {"terminal", Kind::kValue, "auto|kernel|devpts|emulated|pipes",
       "what programs run on (default auto: the best that this machine gives)",
       with(pty::parse_terminal_choice, [](O& o, pty::TerminalChoice choice) { o.terminal = choice; })},
      {"seccomp", Kind::kValue, "auto|always|never",
       "emulated: whose system calls are stopped (default auto: those of programs without a libc)",
       with(pty::parse_listening, [](O& o, pty::Listening listening) { o.listening = listening; })},
      {"shell", Kind::kValue, "PATH", "the login shell (default: the account's; farpty-sh where that is not there)",
       with(parse_shell, [](O& o, std::string path) { o.shell = std::move(path); })},
      {"no-tty", Kind::kSwitch, "", "run the program on pipes, without a terminal: --terminal pipes",
       when_on([](O& o) { o.terminal = pty::TerminalChoice::kPipes; })},
      {"term", Kind::kValue, "NAME", "TERM where the protocol does not carry it (default xterm-256color)",
       with(parse_term, [](O& o, std::string name) { o.term = std::move(name); })},
      {"probe-size", Kind::kValue, "auto|yes|no",
       "raw doors: ask the terminal for its size (auto: for interactive shells)",
       with(parse_probe_choice, [](O& o, ProbeChoice choice) { o.probe_size = choice; })},
      {"telnet-wait", Kind::kValue, "TIME",
       "telnet doors: how long a client may take to tell type and window (default 250 ms)",
       with(parse_duration, [](O& o, std::chrono::seconds t) { o.telnet_wait = t; })},
      {"any-local-user", Kind::kSwitch, "", "let every user of this machine in, not only yourself",
       when_on([](O& o) { o.openness = std::max(o.openness, door::Openness::kAnyLocalUser); })},
      {"insecure-public", Kind::kSwitch, "", "let everyone in who can reach the address: no password, no encryption",
       when_on([](O& o) { o.openness = door::Openness::kPublic; })},
      {"limit-sessions", Kind::kValue, "N", "at most N sessions at a time (default 1024)",
       number(1, kMany, [](O& o, unsigned n) { o.limits.sessions = n; })},
      {"limit-per-source", Kind::kValue, "N", "at most N sessions at a time from one address (default 0: no limit)",
       number(0, kMany, [](O& o, unsigned n) { o.limits.per_source = n; })},
      {"idle-timeout", Kind::kValue, "TIME", "hang up after TIME without input, such as 10m (default 0: never)",
       with(parse_duration, [](O& o, std::chrono::seconds t) { o.session_limits.idle = t; })},
      {"max-duration", Kind::kValue, "TIME", "hang up after TIME in any case (default 0: never)",
       with(parse_duration, [](O& o, std::chrono::seconds t) { o.session_limits.max_duration = t; })},
      {"hangup-grace", Kind::kValue, "TIME", "from SIGHUP to SIGKILL when a peer is gone (default 5s)",
       with(parse_duration, [](O& o, std::chrono::seconds t) { o.session_limits.hangup_grace = t; })},
      {"linger", Kind::kValue, "TIME",
       "native doors: how long a session waits for a client that is away (default 7d; 0: for ever)",
       with(parse_duration, [](O& o, std::chrono::seconds t) { o.session_limits.linger = t; })},
      {"retain", Kind::kValue, "SIZE|block",
       "native doors: how much output is kept while nobody reads it (default 4M), or let the program wait",
       with(parse_retain, [](O& o, Retain retain) { o.retain = retain; })},
      {"record", Kind::kValue, "DIR",
       "record each session as an asciicast in DIR; one that cannot be recorded does not start",
       with(parse_directory, [](O& o, std::string directory) { o.record = std::move(directory); })},
      {"record-input", Kind::kSwitch, "", "record what is typed, too: passwords among it",
       when_on([](O& o) { o.record_input = session::RecordInput::kYes; })},
      {"reauth", Kind::kValue, "TIME",
       "native doors: ask again every TIME whether those who are in may be (default 0: at login only)",
       with(parse_duration, [](O& o, std::chrono::seconds t) { o.reauth = t; })},
      {"kill-all", Kind::kSwitch, "", "when a session ends kill all that it started: background jobs, daemons",
       when_on([](O& o) { o.leftovers = pty::Leftovers::kAreKilled; })},
      {"rlimit", Kind::kValue, "LIST", "limits of each process: cpu=60,mem=256M,nproc=32,nofile=..,fsize=..,core=..",
       with(pty::Rlimits::parse, [](O& o, pty::Rlimits limits) { o.rlimits = limits; })},
      {"sandbox", Kind::kSwitch, "", "for strangers: no network, no files but a private HOME, no other processes",
       when_on([](O& o) { o.sandbox = true; })},
      {"exit-when-idle", Kind::kValue, "TIME", "end when nobody has been there for TIME (default 0: never)",
       with(parse_duration, [](O& o, std::chrono::seconds t) { o.exit_when_idle = t; })},
      {"log-format", Kind::kValue, "text|logfmt|json",
       "what the log looks like (default text); logfmt and json have one record for each event",
       with(parse_log_format, [](O& o, log::Format format) { o.log_format = format; })},
      {"verbose", Kind::kSwitch, "", "say more of what happens", when_on([](O& o) { o.verbose = true; })},
  };
}

Error at(const std::string& path, const ConfigEntry& entry, std::string reason) {
  return failure("cannot use", fmt::format("{}:{}: {}", path, entry.line, entry.key), std::move(reason)).error();
}

// What kind of value a setting takes and the file does not give; empty: it fits.
std::string misfit(const ConfigEntry& entry, Kind kind) {
  using Form = ConfigEntry::Form;
  switch (kind) {
    case Kind::kSwitch: return entry.form == Form::kBoolean ? "" : "it must be true or false";
    case Kind::kValue: return entry.form == Form::kScalar ? "" : "it must be a string or a number";
    case Kind::kList:
      return entry.form == Form::kScalar || entry.form == Form::kList ? "" : "it must be a string or a list of strings";
  }
  return {};
}

Result<> apply_entry(ServeOptions& options, const std::string& path, const ConfigEntry& entry,
                     const GivenFlags& flags) {
  if (entry.key == "program") {
    if (const auto wrong = misfit(entry, Kind::kList); !wrong.empty()) return std::unexpected(at(path, entry, wrong));
    options.program = entry.texts;
    return {};
  }
  const auto& settings = serve_settings();
  const auto setting = std::ranges::find(settings, entry.key, &Setting::name);
  if (setting == settings.end())
    return std::unexpected(at(path, entry, "there is no such setting (farpty serve --help lists them)"));
  if (const auto wrong = misfit(entry, setting->kind); !wrong.empty()) return std::unexpected(at(path, entry, wrong));
  // A flag replaces the file's value, a whole list included.
  const bool given = std::ranges::any_of(flags, [&](const auto& flag) { return flag.first == &*setting; });
  ServeOptions scratch;
  for (const std::string& text : entry.texts)
    if (const auto done = setting->apply(given ? scratch : options, text); !done)
      return std::unexpected(at(path, entry, done.error().message()));
  return {};
}

Result<> apply_file(ServeOptions& options, const std::string& path, const GivenFlags& flags) {
  FARPTY_ASSIGN(entries, read_config_file(path));
  for (const ConfigEntry& entry : entries) FARPTY_TRY(apply_entry(options, path, entry, flags));
  return {};
}

}  // namespace

const std::vector<Setting>& serve_settings() {
  static const std::vector<Setting> settings = make_settings();
  return settings;
}

Result<ServeOptions> load_serve_options(const std::optional<std::string>& config_path, const GivenFlags& flags,
                                        const std::vector<std::string>& program) {
  ServeOptions options;
  if (config_path) FARPTY_TRY(apply_file(options, *config_path, flags));
  for (const auto& [setting, value] : flags) {
    auto done = setting->apply(options, value);
    if (!done) {
      done.error().operation = "--" + setting->name + ": " + done.error().operation;
      return std::unexpected(std::move(done).error());
    }
  }
  if (!program.empty()) options.program = program;
  return options;
}

}  // namespace farpty::app
