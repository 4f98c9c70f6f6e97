#include "telnet/terminal_type.hpp"

#include <algorithm>
#include <utility>

#include "telnet/protocol.hpp"

namespace farpty::telnet {

namespace {

constexpr std::size_t kLongestName = 40;  // RFC 1091 (from the Assigned Numbers): "up to 40 characters"

constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

constexpr bool name_letter(char c) noexcept {
  const char l = lower(c);
  return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '+' || c == '-';
}

bool same_name(std::string_view a, std::string_view b) { return std::ranges::equal(a, b, {}, lower, lower); }

}  // namespace

bool valid_terminal_type(std::string_view name) noexcept {
  return !name.empty() && name.size() <= kLongestName && std::ranges::all_of(name, name_letter) &&
         !std::ranges::all_of(name, [](char c) { return c == '.'; });
}

TerminalTypeQuery::Step TerminalTypeQuery::answered(std::string_view name) {
  if (!pending_ || settled_) return Step::kIgnore;
  pending_ = false;
  ++count_;
  if (count_ > 1) {
    if (same_name(name, last_)) return end(count_ > 2 ? Step::kRewind : Step::kDone);
    if (same_name(name, first_)) return end(Step::kDone);  // wrapped around without a repetition
  } else {
    first_ = name;
  }
  last_ = name;
  return valid_terminal_type(name) ? Step::kOffer : chosen(TypeChoice::kNext);
}

TerminalTypeQuery::Step TerminalTypeQuery::chosen(TypeChoice choice) noexcept {
  if (choice == TypeChoice::kTake || count_ >= kTerminalTypesBound) return end(Step::kDone);
  return Step::kAsk;
}

TerminalTypeQuery::Step TerminalTypeQuery::end(Step step) noexcept {
  settled_ = true;
  return step;
}

TerminalTypeList::TerminalTypeList(std::vector<std::string> names) : names_(std::move(names)) {
  std::erase_if(names_, [](const std::string& name) { return !valid_terminal_type(name); });
}

std::string_view TerminalTypeList::next() noexcept {
  const std::size_t position = position_;
  position_ = position == names_.size() ? 0 : position + 1;
  return names_[std::min(position, names_.size() - 1)];
}

}  // namespace farpty::telnet
