#include "door/terminal_name.hpp"

#include <algorithm>

#include "base/carried_terminfo.hpp"

namespace farpty::door {

bool TerminalName::offer(std::string_view name) {
  std::string small(name);
  std::ranges::transform(small, small.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  const bool known = has_terminfo(small, folders_) || !carried_terminfo(small).empty();
  if (known || !chosen_) chosen_ = std::move(small);
  return known;
}

TerminfoVariables terminfo_variables(const std::vector<std::string>& environment) {
  const auto value = [&](std::string_view name) -> std::optional<std::string> {
    for (const std::string_view variable : environment) {
      if (variable.size() > name.size() && variable.starts_with(name) && variable[name.size()] == '=')
        return std::string(variable.substr(name.size() + 1));
    }
    return std::nullopt;
  };
  return {.terminfo = value("TERMINFO"), .home = value("HOME"), .terminfo_dirs = value("TERMINFO_DIRS")};
}

}  // namespace farpty::door
