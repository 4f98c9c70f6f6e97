#include "base/names.hpp"

#include <algorithm>

namespace farpty {

namespace {

bool is_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

bool consists_of(std::string_view text, std::size_t most, std::string_view marks) {
  return !text.empty() && text.size() <= most && !text.starts_with('-') && std::ranges::all_of(text, [&](char c) {
    return is_alphanumeric(c) || marks.find(c) != std::string_view::npos;
  });
}

}  // namespace

bool is_host_name(std::string_view text) { return consists_of(text, kMaxHostName, ".-_:%"); }
bool is_user_name(std::string_view text) { return consists_of(text, kMaxUserName, ".-_+@"); }

}  // namespace farpty
