// Character classes as the kernel's line discipline sees them: lib/ctype.c, which is Latin-1, whatever the locale.
//
// Not <cctype>: the C library answers for the process's locale and knows no letters above 127.
#pragma once

#include <cstdint>

namespace farpty::tty {

[[nodiscard]] constexpr bool is_control(std::uint8_t c) { return c < 0x20 || c == 0x7f; }

[[nodiscard]] constexpr bool is_upper(std::uint8_t c) {
  return (c >= 'A' && c <= 'Z') || (c >= 0xc0 && c <= 0xde && c != 0xd7);
}
[[nodiscard]] constexpr bool is_lower(std::uint8_t c) { return (c >= 'a' && c <= 'z') || (c >= 0xdf && c != 0xf7); }
// Letters, digits and the underscore: what VWERASE takes for a word.
[[nodiscard]] constexpr bool is_word(std::uint8_t c) {
  return is_upper(c) || is_lower(c) || (c >= '0' && c <= '9') || c == '_';
}

// Latin-1 holds both cases 32 apart, in the upper half too: sharp s and y with diaeresis get no true capital from this.
[[nodiscard]] constexpr std::uint8_t to_upper(std::uint8_t c) {
  return is_lower(c) ? static_cast<std::uint8_t>(c - 0x20) : c;
}
[[nodiscard]] constexpr std::uint8_t to_lower(std::uint8_t c) {
  return is_upper(c) ? static_cast<std::uint8_t>(c + 0x20) : c;
}

[[nodiscard]] constexpr bool is_utf8_continuation(std::uint8_t c) { return (c & 0xc0) == 0x80; }

}  // namespace farpty::tty
