// What may be the name of a host or a user: asked wherever such a name comes from outside, before it meets a resolver, a
// log, a file's line or another program's arguments. No name that passes means anything to a shell, looks like an option,
// or steers a terminal.
#pragma once

#include <cstddef>
#include <string_view>

namespace farpty {

inline constexpr std::size_t kMaxHostName = 255;  // RFC 1035, 2.3.4
inline constexpr std::size_t kMaxUserName = 256;  // LOGIN_NAME_MAX

// A host's name or an address without brackets: letters, digits and . - _ : %
[[nodiscard]] bool is_host_name(std::string_view text);

// Letters, digits and . - _ + @; useradd(8) makes fewer.
[[nodiscard]] bool is_user_name(std::string_view text);

}  // namespace farpty
