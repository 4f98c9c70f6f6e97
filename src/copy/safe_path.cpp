#include "copy/safe_path.hpp"

#include <algorithm>

namespace farpty::copy {

namespace {
bool is_safe_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxName && name != "." && name != ".." &&
         name.find('\0') == std::string_view::npos;
}
}  // namespace

std::vector<std::string_view> names_of(std::string_view path) {
  std::vector<std::string_view> names;
  while (!path.empty()) {
    const auto slash = path.find('/');
    names.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
    if (path.empty()) names.emplace_back();  // "a/" has an empty name at its end
  }
  return names;
}

bool is_safe_path(std::string_view path) {
  if (path.size() > kMaxPath) return false;
  const auto names = names_of(path);
  return names.size() <= kMaxDeep && std::ranges::all_of(names, is_safe_name);
}

std::string_view last_name(std::string_view path) {
  while (path.ends_with('/')) path.remove_suffix(1);
  const auto slash = path.rfind('/');
  const auto name = slash == std::string_view::npos ? path : path.substr(slash + 1);
  return is_safe_name(name) ? name : std::string_view();
}

}  // namespace farpty::copy
