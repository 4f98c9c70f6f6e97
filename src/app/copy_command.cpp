// `farpty copy`: which end is where, the client that connects them, and what is shown meanwhile.
//
// The near end is this process, the far end the service "copy" of a native door: `farpty copy --serve` on pipes. Between them
// runs `farpty connect`, a process of its own, which logs in and comes back after cuts as it does for any other session.
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <thread>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "app/commands.hpp"
#include "app/companion.hpp"
#include "auth/given_token.hpp"
#include "base/log.hpp"
#include "base/own_executable.hpp"
#include "copy/far_end.hpp"
#include "copy/place.hpp"
#include "copy/progress.hpp"
#include "copy/receiver.hpp"
#include "copy/safe_path.hpp"
#include "copy/sender.hpp"
#include "net/url.hpp"

namespace farpty::app {

namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kRedraw = std::chrono::milliseconds(100);
constexpr std::chrono::seconds kFarewell{10};  // for the far end, when this one gives up
constexpr std::array kEnding{SIGINT, SIGTERM, SIGHUP};
constexpr const char* kGoOn = "the same command goes on where it stopped";

struct Given {
  std::vector<std::string> places;
  std::string identity;
  bool accept_new = false, token_on_stdin = false;
  bool ssh = false;
  std::string ssh_program, far_program;
  bool quiet = false, verbose = false;
  bool serve = false;
  auth::SecretBytes* token = nullptr;
};

// Troubles at once, and on a terminal a line that shows how far it is.
class Display : public copy::Report {
 public:
  explicit Display(bool quiet) : drawn_on_(!quiet && isatty(STDERR_FILENO) == 1) {}

  void expect(std::uint64_t files, std::uint64_t bytes) override {
    progress_.all_files = files;
    progress_.all_bytes = bytes;
  }
  void begin(const std::string& name, std::uint64_t already_there) override {
    progress_.name = log::printable(name);
    already_ += already_there;
  }
  void moved(std::uint64_t bytes) override {
    progress_.bytes += bytes;
    progress_.stalled = false;
    if (Clock::now() - drawn_ >= kRedraw) draw();
  }
  void finished_file() override { ++progress_.files; }
  void trouble(const std::string& text) override {
    clear();
    ++troubles_;
    log::warn("{}", log::printable(text, 1000));
  }
  void idle() {
    progress_.stalled = true;
    draw();
  }
  void clear() const {
    if (drawn_on_) fmt::print(stderr, "{}", kClear);
  }

  [[nodiscard]] bool has_begun() const { return progress_.bytes > 0; }
  [[nodiscard]] std::size_t troubles() const { return troubles_; }
  [[nodiscard]] std::string summary() const {
    const std::string there =
        already_ == 0 ? ""
                      : fmt::format(", of which {} were there already", copy::size_text(static_cast<double>(already_)));
    return fmt::format("{} {}, {}{}", progress_.files, progress_.files == 1 ? "file" : "files",
                       copy::size_text(static_cast<double>(progress_.bytes)), there);
  }
  static constexpr std::string_view kClear = "\r\x1b[K";  // the line (ECMA-48, EL)

 private:
  void draw() {
    const auto now = Clock::now();
    if (!drawn_on_) return;
    drawn_ = now;
    progress_.seconds = std::chrono::duration<double>(now - start_).count();
    progress_.sent = progress_.bytes - std::min(progress_.bytes, already_);
    winsize cells{};
    const std::size_t columns =
        ioctl(STDERR_FILENO, TIOCGWINSZ, &cells) == 0 && cells.ws_col > 1 ? cells.ws_col - 1U : 79;
    fmt::print(stderr, "\r{}\x1b[K", copy::progress_line(progress_, columns));
  }

  bool drawn_on_;
  Clock::time_point start_ = Clock::now(), drawn_;
  copy::Progress progress_;
  std::uint64_t already_ = 0;
  std::size_t troubles_ = 0;
};

// Signals that end us leave the terminal's last line empty. Whatever a copy does then, it may be ended: what has come stays,
// and the client between the ends sees its pipes close.
void end_on_signals() {
  sigset_t ending;
  sigemptyset(&ending);
  for (const int number : kEnding) sigaddset(&ending, number);
  pthread_sigmask(SIG_BLOCK, &ending, nullptr);
  std::thread([ending] {
    int number = 0;
    while (sigwait(&ending, &number) != 0) {
    }
    if (isatty(STDERR_FILENO) == 1) (void)!::write(STDERR_FILENO, Display::kClear.data(), Display::kClear.size());
    _exit(128 + number);
  }).detach();  // lint-allow(detach): it ends with the process, or ends it
}

// What is wanted: everything from or to one far host.
struct Errand {
  std::string host;
  copy::Job job;                   // the far end's
  std::vector<std::string> names;  // of the things, at whichever end they are
  std::string to;
};

Result<Errand> errand_of(const std::vector<std::string>& texts) {
  if (texts.size() < 2)
    return failure("cannot copy", "", "a source and a target are needed", "farpty copy notes.txt user@host:");
  std::vector<copy::Place> places;
  for (const std::string& text : texts) {
    FARPTY_ASSIGN(place, copy::parse_place(text));
    places.push_back(std::move(place));
  }
  const copy::Place target = places.back();
  places.pop_back();
  const std::string host = places.front().host;
  if (std::ranges::any_of(places, [&](const copy::Place& place) { return place.host != host; }))
    return failure("cannot copy", "", "the sources are on several machines", "copy them one after the other");
  if (host.empty() == target.host.empty())
    return failure(
        "cannot copy", texts.front(), host.empty() ? "neither end is far away" : "both ends are far away",
        host.empty() ? "write the far one like user@host:path; cp(1) copies here" : "copy to this machine first");
  Errand errand{.host = host.empty() ? target.host : host, .to = target.path};
  for (const copy::Place& place : places) errand.names.push_back(place.path);
  errand.job = {.send = !host.empty(), .paths = errand.names, .to = host.empty() ? target.path : ""};
  std::size_t total = 0;
  for (const std::string& name : errand.names) total += name.size();
  if (errand.names.size() > copy::kMaxRoots || total > copy::kMaxRootBytes || target.path.size() > copy::kMaxPath)
    return failure("cannot copy", "", "there are too many names", "copy the folder that they are in");
  return errand;
}

// The client that goes to `host`, on pipes.
Result<std::vector<std::string>> way_to(const std::string& host, const Given& given, bool has_token) {
  FARPTY_ASSIGN(url, net::parse_target(host));
  if (url.protocol != net::Protocol::kFarpty)
    return failure("cannot copy", url.text(), "only a native door carries copies", "write HOST:PATH");
  std::vector<std::string> words{"farpty", "connect", "-T", "--service", "copy"};
  if (!given.identity.empty()) words.insert(words.end(), {"--identity", given.identity});
  if (given.accept_new) words.emplace_back("--accept-new");
  if (given.verbose) words.emplace_back("--verbose");
  if (has_token) words.emplace_back("--token-stdin");
  if (!given.ssh) {
    words.insert(words.end(), {"--", host});
    return words;
  }
  if (url.has_port)
    return failure("cannot copy", url.text(), "with --ssh the address is ssh's and has no port",
                   "--ssh-program 'ssh -p " + std::to_string(url.port) + "' says it");
  words.emplace_back("--ssh");
  if (!given.ssh_program.empty()) words.insert(words.end(), {"--ssh-program", given.ssh_program});
  if (!given.far_program.empty()) words.insert(words.end(), {"--far-program", given.far_program});
  words.insert(words.end(), {"--", (url.user.empty() ? "" : url.user + "@") + url.host});
  return words;
}

Result<> give_token(const Companion& companion, const auth::SecretBytes& token) {
  auth::SecretBytes line = token;
  line.push_back(std::byte{'\n'});
  // Far less than a pipe holds.
  if (::write(companion.input(), line.data(), line.size()) != static_cast<ssize_t>(line.size()))
    return os_error("cannot write to", "the client");
  return {};
}

// An exit status, of a copy that came to its end or was ended by a signal.
Result<int> carry_out(const Errand& errand, const Given& given, Display& display) {
  std::vector<std::string> places;
  if (errand.job.send) {
    FARPTY_ASSIGN(chosen, copy::places_for(errand.to, errand.names));
    places = std::move(chosen);
  }
  if (given.token_on_stdin) {
    FARPTY_ASSIGN(token, auth::read_token(STDIN_FILENO));
    *given.token = std::move(token);
  }
  FARPTY_ASSIGN(words, way_to(errand.host, given, !given.token->empty()));
  FARPTY_ASSIGN(companion, Companion::start(own_executable(), words));
  if (!given.token->empty()) FARPTY_TRY(give_token(companion, *given.token));
  const auto converse = [&]() -> Result<> {
    copy::Stream stream(companion.output(), companion.input(), [&display] { display.idle(); });
    FARPTY_TRY(stream.send(errand.job));
    auto copied = errand.job.send ? copy::Receiver(stream, std::move(places), display).run()
                                  : copy::Sender(stream, errand.names, display).run();
    // Who could do nothing may have said so and gone before all was sent to it.
    for (const std::string& text : stream.last_words()) display.trouble(text);
    return copied;
  };
  auto done = converse();
  display.clear();
  const int status = companion.end(kFarewell);
  if (done) return display.troubles() == 0 ? 0 : 1;
  // A signal from the terminal is for both of us, and the client may be faster.
  if (companion.ended_by_itself() && (status == 128 + SIGINT || status == 128 + SIGHUP)) return status;
  // Where the client or the far end has said what is wrong, it need not be said again that they are gone.
  if (status == 0 || !companion.ended_by_itself()) return std::unexpected(done.error());
  return display.has_begun() ? failure("cannot go on", "", "the far end is gone", kGoOn) : std::unexpected(Error{});
}

int status_of(const Result<>& done) {
  if (done) return 0;
  if (!done.error().operation.empty()) log::error("{}", log::printable(done.error().message(), 1000));
  return 1;
}

int copy_files(const Given& given) {
  log::open(given.verbose);
  ::signal(SIGPIPE, SIG_IGN);
  if (given.serve) return copy::serve_copy(STDIN_FILENO, STDOUT_FILENO) ? 0 : 1;
  const auto errand = errand_of(given.places);
  if (!errand) return status_of(std::unexpected(errand.error()));
  end_on_signals();
  Display display(given.quiet);
  const auto done = carry_out(*errand, given, display);
  if (!done) return status_of(std::unexpected(done.error()));
  if (!given.quiet && *done <= 1) log::info("copied {}", display.summary());
  return *done;
}

}  // namespace

Run add_copy(CLI::App& app, Secrets& secrets) {
  const auto given = std::make_shared<Given>();
  given->token = &secrets.token;
  auto* command = app.add_subcommand("copy", "copy files and folders from or to another machine");
  command->add_option("places", given->places,
                      "SOURCE... TARGET; the far ones are written [USER@]HOST:PATH or farpty://HOST:PORT/PATH");
  command->add_flag("-q,--quiet", given->quiet, "show no progress");
  command
      ->add_option("-i,--identity", given->identity,
                   "your key's file (default ~/.config/farpty/id_ed25519, else ~/.ssh/id_ed25519)")
      ->type_name("FILE");
  command->add_flag("--token-stdin", given->token_on_stdin, "read an invitation's token from standard input: one line");
  command->add_flag("--accept-new", given->accept_new, "pin a server's key at the first meeting without asking");
  command->add_flag("--ssh", given->ssh, "log in by ssh and copy by farpty; the address is ssh's");
  command->add_option("--ssh-program", given->ssh_program, "ssh and its options, such as 'ssh -p 2222'")
      ->type_name("WORDS");
  command->add_option("--far-program", given->far_program, "farpty's path over there, for --ssh (default: farpty)")
      ->type_name("PATH");
  command->add_flag("-v,--verbose", given->verbose, "explain each step");
  command->add_flag("--serve", given->serve)->group("");  // the far end's, not a person's
  return [given] { return copy_files(*given); };
}

}  // namespace farpty::app
