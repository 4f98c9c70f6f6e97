// UTF-8 (RFC 3629), one character at a time, in bytes that may be anything and may be cut anywhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace farpty::utf8 {

enum class Head : std::uint8_t {
  kCharacter,
  kCut,    // all there is begins a character, and its rest may follow
  kWrong,  // the first byte begins none
};

struct Look {
  Head head = Head::kWrong;
  std::size_t length = 1;  // bytes
  char32_t character = 0;  // of kCharacter
};

// What `text`, which is not empty, begins with. Only what is well-formed is a character: shortest form, no surrogates, at
// most U+10FFFF (RFC 3629, 4).
[[nodiscard]] constexpr Look look(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return {.head = Head::kCharacter, .length = 1, .character = lead};
  const std::size_t length = lead >= 0xc2 && lead < 0xe0   ? 2U
                             : lead >= 0xe0 && lead < 0xf0 ? 3U
                             : lead >= 0xf0 && lead < 0xf5 ? 4U
                                                           : 0U;
  if (length == 0) return {};
  // The second byte has narrower bounds behind some leads.
  const unsigned least = lead == 0xe0 ? 0xa0U : lead == 0xf0 ? 0x90U : 0x80U;
  const unsigned most = lead == 0xed ? 0x9fU : lead == 0xf4 ? 0x8fU : 0xbfU;
  char32_t code = lead & (0xffU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if (i == text.size()) return {.head = Head::kCut, .length = i};
    const unsigned next = byte(i);
    if (next < (i == 1 ? least : 0x80U) || next > (i == 1 ? most : 0xbfU)) return {};
    code = code << 6 | (next & 0x3fU);
  }
  return {.head = Head::kCharacter, .length = length, .character = code};
}

[[nodiscard]] constexpr bool is_valid(std::string_view text) {
  while (!text.empty()) {
    const Look found = look(text);
    if (found.head != Head::kCharacter) return false;
    text.remove_prefix(found.length);
  }
  return true;
}

// `character` is one (no surrogate, at most U+10FFFF).
constexpr void append(char32_t character, std::string& text) {
  const auto put = [&](char32_t byte) { text += static_cast<char>(static_cast<unsigned char>(byte)); };
  const auto rest = [&](unsigned shift) { put(0x80U | (character >> shift & 0x3fU)); };
  if (character < 0x80) return put(character);
  if (character < 0x800) {
    put(0xc0U | character >> 6);
  } else if (character < 0x10000) {
    put(0xe0U | character >> 12);
    rest(6);
  } else {
    put(0xf0U | character >> 18);
    rest(12);
    rest(6);
  }
  rest(0);
}

}  // namespace farpty::utf8
