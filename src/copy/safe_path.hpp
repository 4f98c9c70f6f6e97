// Which names of files the other end may send. It is not trusted: a name must stay below the place that the person at this
// end chose, whatever the other end would like to overwrite (CVE-2019-6111 and kin).
#pragma once

#include <string_view>
#include <vector>

namespace farpty::copy {

inline constexpr std::size_t kMaxPath = 4096;  // PATH_MAX
inline constexpr std::size_t kMaxName = 255;   // NAME_MAX
inline constexpr std::size_t kMaxDeep = 256;   // folders in folders

// "a/b/c": no root, no "..", no ".", nothing empty, no NUL. The empty path is the chosen place itself, and safe.
[[nodiscard]] bool is_safe_path(std::string_view path);

// The names of a safe path; none of the empty one.
[[nodiscard]] std::vector<std::string_view> names_of(std::string_view path);

// What a path that a person wrote is called by its last name: "b" of "/a/b/". Empty where there is none to take ("/", "..").
[[nodiscard]] std::string_view last_name(std::string_view path);

}  // namespace farpty::copy
