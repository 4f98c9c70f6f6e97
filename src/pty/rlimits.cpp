#include "pty/rlimits.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

namespace farpty::pty {
namespace {

using Resource = decltype(RLIMIT_CPU);  // an enum in glibc, int in musl

enum class Unit { kSeconds, kBytes, kNumber };

struct Key {
  std::string_view name;
  Resource resource;
  Unit unit;
  rlim_t least;      // a smaller value is a mistake, not a limit
  const char* step;  // of the ChildFailure
};

// 1 MiB of address space does not even hold the C library: who writes mem=64 meant 64M.
constexpr rlim_t kLeastMemory = 1 << 20;
// Three standard streams and what the dynamic loader opens one after the other.
constexpr rlim_t kLeastFiles = 4;

constexpr std::array<Key, 6> kTable{{
    {.name = "cpu", .resource = RLIMIT_CPU, .unit = Unit::kSeconds, .least = 1, .step = "cannot limit the cpu time of"},
    {.name = "mem",
     .resource = RLIMIT_AS,
     .unit = Unit::kBytes,
     .least = kLeastMemory,
     .step = "cannot limit the memory of"},
    {.name = "nproc",
     .resource = RLIMIT_NPROC,
     .unit = Unit::kNumber,
     .least = 1,
     .step = "cannot limit the processes of"},
    {.name = "nofile",
     .resource = RLIMIT_NOFILE,
     .unit = Unit::kNumber,
     .least = kLeastFiles,
     .step = "cannot limit the open files of"},
    {.name = "fsize",
     .resource = RLIMIT_FSIZE,
     .unit = Unit::kBytes,
     .least = 0,
     .step = "cannot limit the file size of"},
    {.name = "core",
     .resource = RLIMIT_CORE,
     .unit = Unit::kBytes,
     .least = 0,
     .step = "cannot limit the core dumps of"},
}};

constexpr std::string_view accepted(Unit unit) {
  switch (unit) {
    case Unit::kSeconds: return "seconds, or a number with s, m or h";
    case Unit::kBytes: return "bytes, or a number with K, M or G";
    case Unit::kNumber: return "a plain number";
  }
  return "";
}

std::optional<std::uint64_t> factor_of(Unit unit, std::string_view suffix) {
  if (suffix.empty()) return 1;
  if (suffix.size() > 1) return std::nullopt;
  switch (suffix[0]) {
    case 's': return unit == Unit::kSeconds ? std::optional<std::uint64_t>(1) : std::nullopt;
    case 'm':
      if (unit == Unit::kSeconds) return 60;
      [[fallthrough]];
    case 'M': return unit == Unit::kBytes ? std::optional<std::uint64_t>(1 << 20) : std::nullopt;
    case 'h': return unit == Unit::kSeconds ? std::optional<std::uint64_t>(3600) : std::nullopt;
    case 'k':
    case 'K': return unit == Unit::kBytes ? std::optional<std::uint64_t>(1 << 10) : std::nullopt;
    case 'g':
    case 'G': return unit == Unit::kBytes ? std::optional<std::uint64_t>(1 << 30) : std::nullopt;
    default: return std::nullopt;
  }
}

// A number with its unit; nothing where it is malformed or does not fit (the largest values mean "unlimited").
std::optional<rlim_t> amount_of(Unit unit, std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  const auto factor = factor_of(unit, text.substr(static_cast<std::size_t>(end - text.data())));
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
  if (!factor || number > kMost / *factor) return std::nullopt;
  return number * *factor;
}

std::string known_keys() {
  std::string names;
  for (const Key& key : kTable) names += (names.empty() ? "" : ", ") + std::string(key.name);
  return names;
}

std::unexpected<Error> bad_item(std::string_view item, std::string reason, std::string hint = {}) {
  return failure("cannot use", fmt::format("--rlimit {}", item), std::move(reason), std::move(hint));
}

}  // namespace

Result<Rlimits> Rlimits::parse(std::string_view text) {
  Rlimits limits;
  while (true) {
    const std::size_t comma = text.find(',');
    FARPTY_TRY(limits.add(text.substr(0, comma)));
    if (comma == std::string_view::npos) return limits;
    text.remove_prefix(comma + 1);
  }
}

Result<> Rlimits::add(std::string_view item) {
  const std::size_t equals = item.find('=');
  if (equals == std::string_view::npos) return bad_item(item, "not of the form KEY=VALUE", "keys: " + known_keys());
  const std::string_view name = item.substr(0, equals);
  std::size_t index = 0;
  while (index < kTable.size() && kTable[index].name != name) ++index;
  if (index == kTable.size())
    return bad_item(item, fmt::format("no limit is called '{}'", name), "keys: " + known_keys());

  const Key& key = kTable[index];
  const auto amount = amount_of(key.unit, item.substr(equals + 1));
  if (!amount) return bad_item(item, fmt::format("the value of {} is {}", key.name, accepted(key.unit)));
  if (*amount < key.least)
    return bad_item(item, fmt::format("the value of {} is at least {}", key.name, key.least),
                    key.unit == Unit::kBytes ? fmt::format("{}={}M?", key.name, *amount) : "");
  for (std::size_t i = 0; i < count_; ++i)
    if (limits_[i].key == index) return bad_item(item, fmt::format("{} is given twice", key.name));

  // With equal limits the kernel kills at once; a second between them lets SIGXCPU say why (setrlimit(2)).
  const rlim_t hard = key.resource == RLIMIT_CPU ? *amount + 1 : *amount;
  limits_[count_++] = {.key = index, .value = {.rlim_cur = *amount, .rlim_max = hard}};
  return {};
}

Result<> Rlimits::permitted() const {
  for (std::size_t i = 0; i < count_; ++i) {
    const Key& key = kTable[limits_[i].key];
    rlimit now{};
    if (::getrlimit(key.resource, &now) < 0) return os_error("cannot read the limit", std::string(key.name));
    if (limits_[i].value.rlim_max > now.rlim_max)
      return bad_item(fmt::format("{}={}", key.name, limits_[i].value.rlim_cur),
                      fmt::format("the server's own hard limit of {} is {}", key.name, now.rlim_max),
                      "raise it with ulimit -H or in the systemd unit");
  }
  return {};
}

ChildFailure Rlimits::enter() const noexcept {
  for (std::size_t i = 0; i < count_; ++i)
    if (::setrlimit(kTable[limits_[i].key].resource, &limits_[i].value) < 0)
      return {.code = errno, .step = kTable[limits_[i].key].step};
  return {};
}

}  // namespace farpty::pty
