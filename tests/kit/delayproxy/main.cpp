// delayproxy: puts a bad network between a client and a server on one machine. For tests and benchmarks, where the
// kernel has no netem. `delayproxy --help` lists the flags; a test steers it by lines on standard input, each answered
// by one line.
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "proxy.hpp"

namespace farpty::kit {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr std::string_view kUsage = R"(usage: delayproxy [FLAG=VALUE]... ADDR:PORT
Listens on a loopback port, prints "delayproxy: listening on ADDR:PORT", and carries each connection to ADDR:PORT.

  --listen=ADDR:PORT      default 127.0.0.1:0, a port chosen by the kernel
  --delay=TIME            one-way delay (20ms, 300us, 1.5s)
  --jitter=TIME           uniform, added to the delay; order is kept
  --rate=BYTES            bandwidth, bytes a second (64k, 10M); --burst=BYTES what passes at once after silence
  --queue=BYTES           what may wait at the bottleneck, or for a receiver that does not read (default 256k)
                          these five take a direction too: --down-delay=20ms, --up-rate=64k
  --fault=RULE            [N#]up|down|both @OFFSET or ~MEAN =cut|reset|stall[:TIME], any number of times
                          up@1000=cut  2#down@0=reset  down~65536=stall:200ms
  --seed=N                of all that is random (default 1)
  --refuse                start with connections refused
  --no-commands           do not read standard input; without it the proxy ends with its standard input

Commands: stall [up|down] [TIME] · resume [up|down] · cut [N] · reset [N] · refuse on|off · stats · quit ·
          delay|jitter|rate|burst|queue [up|down] VALUE
)";

struct Options {
  Plan plan;
  tcp::endpoint listen{asio::ip::address_v4::loopback(), 0};
  tcp::endpoint target;
  bool refuse = false;
  bool commands = true;
};

Result<tcp::endpoint> parse_endpoint(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == text.npos) return failure("bad address", std::string(text), "expected ADDR:PORT");
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  boost::system::error_code failed;
  const auto address = asio::ip::make_address(host, failed);
  FARPTY_ASSIGN(port, parse_size(text.substr(colon + 1)));
  if (failed || port > 65535) return failure("bad address", std::string(text), "expected ADDR:PORT");
  return tcp::endpoint(address, static_cast<std::uint16_t>(port));
}

Result<> apply(Options& options, std::string_view flag, std::string_view value) {
  if (flag == "listen") {
    FARPTY_ASSIGN(endpoint, parse_endpoint(value));
    options.listen = endpoint;
  } else if (flag == "fault") {
    FARPTY_ASSIGN(rule, parse_rule(value));
    options.plan.rules.push_back(rule);
  } else if (flag == "seed") {
    FARPTY_ASSIGN(seed, parse_size(value));
    options.plan.seed = seed;
  } else if (flag == "refuse") {
    options.refuse = true;
  } else if (flag == "no-commands") {
    options.commands = false;
  } else if (flag.starts_with("up-")) {
    return set_shape(options.plan, Direction::kUp, flag.substr(3), value);
  } else if (flag.starts_with("down-")) {
    return set_shape(options.plan, Direction::kDown, flag.substr(5), value);
  } else {
    return set_shape(options.plan, Direction::kBoth, flag, value);
  }
  return {};
}

Result<Options> parse(std::span<char*> arguments) {
  Options options;
  bool target_seen = false;
  for (const std::string_view argument : arguments) {
    if (argument.starts_with("--")) {
      const auto equals = std::min(argument.find('='), argument.size());
      const auto value = equals < argument.size() ? argument.substr(equals + 1) : std::string_view();
      FARPTY_TRY(apply(options, argument.substr(2, equals - 2), value));
    } else {
      FARPTY_ASSIGN(endpoint, parse_endpoint(argument));
      options.target = endpoint;
      target_seen = true;
    }
  }
  if (!target_seen) return failure("missing", "target", "expected ADDR:PORT", "delayproxy --help");
  return options;
}

void say(std::string_view line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

std::string answer_to(std::string_view line, Proxy& proxy) {
  const auto command = parse_command(line);
  if (!command) return "error: " + command.error().message();
  const auto answer = proxy.obey(*command);
  return answer ? *answer : "error: " + answer.error().message();
}

asio::awaitable<void> read_commands(asio::io_context* io, Proxy* proxy) {
  asio::posix::stream_descriptor input(*io, ::dup(STDIN_FILENO));
  std::string text;
  for (;;) {
    boost::system::error_code failed;
    auto buffer = asio::dynamic_buffer(text, 4096);
    const std::size_t length =
        co_await asio::async_read_until(input, buffer, '\n', asio::redirect_error(asio::use_awaitable, failed));
    if (failed) break;
    const std::string line = text.substr(0, length - 1);
    text.erase(0, length);
    say(answer_to(line, *proxy));
  }
  io->stop();
}

// Delays are to be exact, so this process wakes on the microsecond and before the load that a test makes.
void ask_for_punctuality() {
  ::prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
  constexpr int kNice = -10;  // refused to ordinary users, which only costs exactness on a loaded machine
  static_cast<void>(::setpriority(PRIO_PROCESS, 0, kNice));
}

int run(std::span<char*> arguments) {
  if (!arguments.empty() && std::string_view(arguments.front()) == "--help") {
    fmt::print("{}", kUsage);
    return EXIT_SUCCESS;
  }
  const auto options = parse(arguments);
  if (!options) {
    fmt::print(stderr, "delayproxy: {}\n", options.error().message());
    return 2;
  }
  ask_for_punctuality();
  asio::io_context io(1);
  Proxy proxy(io, options->plan, options->target);
  auto started = proxy.listen(options->listen);
  if (started && options->refuse) {
    if (const auto refused = proxy.obey({.verb = Command::Verb::kRefuse}); !refused)
      started = std::unexpected(refused.error());
  }
  if (!started) {
    fmt::print(stderr, "delayproxy: {}\n", started.error().message());
    return EXIT_FAILURE;
  }
  say(fmt::format("delayproxy: listening on {}:{}", options->listen.address().to_string(), proxy.port()));
  asio::signal_set signals(io, SIGTERM, SIGINT);
  signals.async_wait([&io](auto, int) { io.stop(); });
  if (options->commands) asio::co_spawn(io, read_commands(&io, &proxy), asio::detached);
  io.run();
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace farpty::kit

int main(int count, char** arguments) {
  std::signal(SIGPIPE, SIG_IGN);
  return farpty::kit::run(std::span(arguments + 1, static_cast<std::size_t>(count - 1)));
}
