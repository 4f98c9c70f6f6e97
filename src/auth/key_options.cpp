#include "auth/key_options.hpp"

#include <algorithm>
#include <array>

namespace farpty::auth {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Permissions for what farpty does not do: to take them away, or to give them back after `restrict`, changes nothing.
constexpr std::array<std::string_view, 4> kOfNoConsequence{"port-forwarding", "agent-forwarding", "x11-forwarding",
                                                           "user-rc"};

std::unexpected<Error> refuse(std::string_view option, std::string reason) {
  return failure("cannot use option", "'" + std::string(option) + "'", std::move(reason));
}

struct Option {
  std::string name;                  // in small letters; OpenSSH compares without case
  std::optional<std::string> value;  // without its quotes
};

// Takes the next option off `text`, and the comma behind it.
Result<Option> take_option(std::string_view& text) {
  Option option;
  const std::size_t end = std::min(text.find_first_of("=,"), text.size());
  option.name = text.substr(0, end);
  std::ranges::transform(option.name, option.name.begin(), lower);
  text.remove_prefix(end);
  if (text.starts_with('=')) {
    text.remove_prefix(1);
    if (!text.starts_with('"')) return refuse(option.name, "its value is not in quotes");
    text.remove_prefix(1);
    option.value.emplace();
    while (!text.starts_with('"')) {
      if (text.starts_with("\\\"")) text.remove_prefix(1);
      if (text.empty()) return refuse(option.name, "the quote is not closed");
      option.value->push_back(text.front());
      text.remove_prefix(1);
    }
    text.remove_prefix(1);
  }
  if (text.empty()) return option;
  if (!text.starts_with(',')) return refuse(option.name, "something follows that is no comma");
  text.remove_prefix(1);
  if (text.empty()) return refuse(option.name, "nothing follows the comma");
  return option;
}

Result<bool> apply_flag(std::string_view name, KeyOptions& options) {
  if (name == "restrict") {
    options.grants.terminal = Terminal::kRefused;
    return true;
  }
  if (name == "read-only") {
    options.grants.writing = Writing::kRefused;
    return true;
  }
  const bool no = name.starts_with("no-");
  if (no) name.remove_prefix(3);
  if (name == "pty") {
    options.grants.terminal = no ? Terminal::kRefused : Terminal::kAllowed;
    return true;
  }
  return std::ranges::find(kOfNoConsequence, name) != kOfNoConsequence.end();
}

Result<bool> apply_value(const Option& option, KeyOptions& options, const TimeZone& zone) {
  if (option.name == "command") {
    if (options.grants.command) return refuse(option.name, "it is given twice");
    if (option.value->find('\0') != std::string::npos) return refuse(option.name, "it holds a NUL byte");
    options.grants.command = option.value;
    return true;
  }
  if (option.name == "from") {
    if (options.from) return refuse(option.name, "it is given twice");
    FARPTY_ASSIGN(list, AddressList::parse(*option.value));
    options.from = std::move(list);
    return true;
  }
  if (option.name == "expiry-time") {
    const auto time = parse_expiry_time(*option.value, zone);
    if (!time)
      return refuse(option.name, "'" + *option.value +
                                     "' is no time (write YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS, with Z for UTC)");
    options.grants.expires = std::min(*time, options.grants.expires.value_or(*time));
    return true;
  }
  return false;
}

}  // namespace

Result<KeyOptions> parse_key_options(std::string_view text, const TimeZone& zone) {
  KeyOptions options;
  while (!text.empty()) {
    FARPTY_ASSIGN(option, take_option(text));
    FARPTY_ASSIGN(known, option.value ? apply_value(option, options, zone) : apply_flag(option.name, options));
    if (!known)
      return refuse(option.name,
                    option.value ? "it is not known, or takes no value" : "it is not known, or needs a value");
  }
  return options;
}

std::optional<std::size_t> length_of_options(std::string_view line) {
  bool quoted = false;
  std::size_t at = 0;
  for (; at < line.size() && (quoted || (line[at] != ' ' && line[at] != '\t')); ++at) {
    if (line[at] == '\\' && at + 1 < line.size() && line[at + 1] == '"')
      ++at;
    else if (line[at] == '"')
      quoted = !quoted;
  }
  if (quoted) return std::nullopt;
  return at;
}

}  // namespace farpty::auth
