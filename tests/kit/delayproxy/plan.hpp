// The proxy's flags and commands as data: what a path looks like, which faults strike where, what a test asks for.
//
// Only words are understood here; nothing is done. A fault reads [CONNECTION#]DIRECTION@OFFSET=ACTION, or with ~MEAN
// for seeded random places: `up@1000=cut`, `2#down@0=reset`, `down~65536=stall:200ms`. Up is from the client to the
// target.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "line.hpp"

namespace farpty::kit {

enum class Direction { kUp, kDown, kBoth };

struct Rule {
  std::uint64_t connection = 0;  // counted from 1 in the order of arrival; 0 is every one
  Direction direction = Direction::kBoth;
  Fault fault;
};

struct Plan {
  Shape up;
  Shape down;
  std::vector<Rule> rules;
  std::uint64_t seed = 1;

  [[nodiscard]] std::vector<Fault> faults(std::uint64_t connection, Direction way) const;
};

struct Command {
  enum class Verb { kStall, kResume, kCut, kReset, kRefuse, kAccept, kShape, kStats, kQuit };
  Verb verb = Verb::kStats;
  Direction direction = Direction::kBoth;
  std::uint64_t connection = 0;  // kCut, kReset: 0 is every one
  Time stall_for = kNever;
  std::string_view key, value;  // kShape: see set_shape
};

// "20ms", "1.5s", "300us"; a bare number is milliseconds.
[[nodiscard]] Result<Time> parse_time(std::string_view text);
// "65536", "64k", "10M" (powers of 1024).
[[nodiscard]] Result<std::uint64_t> parse_size(std::string_view text);
[[nodiscard]] Result<Rule> parse_rule(std::string_view text);
// Sets delay, jitter, rate, burst or queue, in the given direction.
[[nodiscard]] Result<> set_shape(Plan& plan, Direction direction, std::string_view key, std::string_view value);
// One line of standard input: stall [up|down] [TIME], resume, cut [N], reset [N], refuse on|off, stats, quit,
// delay|jitter|rate|burst|queue [up|down] VALUE.
[[nodiscard]] Result<Command> parse_command(std::string_view line);

}  // namespace farpty::kit
