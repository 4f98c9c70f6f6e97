#include "plan.hpp"

#include <charconv>
#include <cmath>

namespace farpty::kit {
namespace {

std::unexpected<Error> bad(std::string_view what, std::string_view text, std::string_view expected) {
  return failure("bad " + std::string(what), std::string(text), "expected " + std::string(expected));
}

template <typename Number>
std::optional<std::pair<Number, std::string_view>> leading_number(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  return std::pair(number, text.substr(static_cast<std::size_t>(end - text.data())));
}

std::optional<Direction> direction_of(std::string_view word) {
  if (word == "up") return Direction::kUp;
  if (word == "down") return Direction::kDown;
  if (word == "both") return Direction::kBoth;
  return std::nullopt;
}

Result<Fault> parse_action(std::string_view text) {
  if (text == "cut") return Fault{.action = Action::kCut};
  if (text == "reset") return Fault{.action = Action::kReset};
  if (text == "stall") return Fault{.action = Action::kStall};
  if (!text.starts_with("stall:")) return bad("action", text, "cut, reset, stall or stall:TIME");
  FARPTY_ASSIGN(time, parse_time(text.substr(6)));
  return Fault{.action = Action::kStall, .stall_for = time};
}

// The words of a line, with a cursor: `take` yields the next one or nothing.
class Words {
 public:
  explicit Words(std::string_view line) : rest_(line) {}
  std::string_view take() {
    const std::size_t start = std::min(rest_.find_first_not_of(" \t\r"), rest_.size());
    const std::size_t end = std::min(rest_.find_first_of(" \t\r", start), rest_.size());
    const std::string_view word = rest_.substr(start, end - start);
    rest_.remove_prefix(end);
    return word;
  }
  Direction take_direction() {
    const std::string_view before = rest_;
    if (const auto direction = direction_of(take())) return *direction;
    rest_ = before;
    return Direction::kBoth;
  }

 private:
  std::string_view rest_;
};

Result<Command> parse_arguments(std::string_view verb, Words& words) {
  Command command;
  if (verb == "stats") return command;
  if (verb == "quit") return Command{.verb = Command::Verb::kQuit};
  if (verb == "resume") return Command{.verb = Command::Verb::kResume, .direction = words.take_direction()};
  if (verb == "stall") {
    command.verb = Command::Verb::kStall;
    command.direction = words.take_direction();
    const std::string_view time = words.take();
    if (time.empty()) return command;
    FARPTY_ASSIGN(stall_for, parse_time(time));
    command.stall_for = stall_for;
    return command;
  }
  if (verb == "cut" || verb == "reset") {
    command.verb = verb == "cut" ? Command::Verb::kCut : Command::Verb::kReset;
    const std::string_view number = words.take();
    if (number.empty()) return command;
    FARPTY_ASSIGN(connection, parse_size(number));
    command.connection = connection;
    return command;
  }
  if (verb == "refuse") {
    const std::string_view state = words.take();
    if (state == "on") return Command{.verb = Command::Verb::kRefuse};
    if (state == "off") return Command{.verb = Command::Verb::kAccept};
    return bad("command", "refuse", "refuse on or refuse off");
  }
  command.verb = Command::Verb::kShape;
  command.key = verb;
  command.direction = words.take_direction();
  command.value = words.take();
  Plan scratch;
  FARPTY_TRY(set_shape(scratch, command.direction, command.key, command.value));
  return command;
}

}  // namespace

std::vector<Fault> Plan::faults(std::uint64_t connection, Direction way) const {
  std::vector<Fault> chosen;
  for (const Rule& rule : rules) {
    const bool ours = rule.connection == 0 || rule.connection == connection;
    if (ours && (rule.direction == way || rule.direction == Direction::kBoth)) chosen.push_back(rule.fault);
  }
  return chosen;
}

Result<Time> parse_time(std::string_view text) {
  const auto parsed = leading_number<double>(text);
  if (!parsed || !(parsed->first >= 0) || parsed->first > 1e9) return bad("time", text, "such as 20ms, 1.5s, 300us");
  double unit = 1e6;
  if (parsed->second == "s") {
    unit = 1e9;
  } else if (parsed->second == "us") {
    unit = 1e3;
  } else if (!parsed->second.empty() && parsed->second != "ms") {
    return bad("time", text, "such as 20ms, 1.5s, 300us");
  }
  return Time(std::llround(parsed->first * unit));
}

Result<std::uint64_t> parse_size(std::string_view text) {
  const auto parsed = leading_number<std::uint64_t>(text);
  if (!parsed || parsed->first > (1ULL << 40)) return bad("number", text, "such as 65536, 64k, 10M");
  const auto& [number, unit] = *parsed;
  if (unit.empty()) return number;
  if (unit == "k") return number * 1024;
  if (unit == "M") return number * 1024 * 1024;
  return bad("number", text, "such as 65536, 64k, 10M");
}

Result<Rule> parse_rule(std::string_view text) {
  constexpr std::string_view kExpected = "[N#]up|down|both, then @OFFSET or ~MEAN, then =cut|reset|stall[:TIME]";
  Rule rule;
  std::string_view rest = text;
  if (const auto hash = rest.find('#'); hash != rest.npos) {
    FARPTY_ASSIGN(connection, parse_size(rest.substr(0, hash)));
    rule.connection = connection;
    rest.remove_prefix(hash + 1);
  }
  const auto where = rest.find_first_of("@~");
  const auto equals = rest.find('=');
  if (where == rest.npos || equals == rest.npos || equals < where) return bad("fault", text, kExpected);
  const auto direction = direction_of(rest.substr(0, where));
  if (!direction) return bad("fault", text, kExpected);
  rule.direction = *direction;
  FARPTY_ASSIGN(place, parse_size(rest.substr(where + 1, equals - where - 1)));
  FARPTY_ASSIGN(fault, parse_action(rest.substr(equals + 1)));
  rule.fault = fault;
  if (rest[where] == '@') {
    rule.fault.offset = place;
  } else if (place == 0) {
    return bad("fault", text, "a mean distance of at least one byte");
  } else {
    rule.fault.mean = place;
  }
  return rule;
}

Result<> set_shape(Plan& plan, Direction direction, std::string_view key, std::string_view value) {
  Time time{};
  std::uint64_t size = 0;
  if (key == "delay" || key == "jitter") {
    FARPTY_ASSIGN(parsed, parse_time(value));
    time = parsed;
  } else if (key == "rate" || key == "burst" || key == "queue") {
    FARPTY_ASSIGN(parsed, parse_size(value));
    size = parsed;
  } else {
    return bad("command", key, "stall, resume, cut, reset, refuse, stats, quit, delay, jitter, rate, burst or queue");
  }
  const auto set = [&](Shape& shape) {
    if (key == "delay") shape.delay = time;
    if (key == "jitter") shape.jitter = time;
    if (key == "rate") shape.rate = size;
    if (key == "burst") shape.burst = size;
    if (key == "queue") shape.queue = size;
  };
  if (direction != Direction::kDown) set(plan.up);
  if (direction != Direction::kUp) set(plan.down);
  return {};
}

Result<Command> parse_command(std::string_view line) {
  Words words(line);
  const std::string_view verb = words.take();
  FARPTY_ASSIGN(command, parse_arguments(verb, words));
  if (const std::string_view extra = words.take(); !extra.empty()) return bad("command", line, "nothing more");
  return command;
}

}  // namespace farpty::kit
