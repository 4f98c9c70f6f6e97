#include "auth/base64.hpp"

#include <cstdint>

namespace farpty::auth {

namespace {

constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

char letter(unsigned value, Alphabet alphabet) {
  if (value < kLetters.size()) return kLetters[value];
  const bool url = alphabet == Alphabet::kUrl;
  return value == 62 ? (url ? '-' : '+') : (url ? '_' : '/');
}

std::optional<unsigned> value_of(char c, Alphabet alphabet) {
  if (c >= 'A' && c <= 'Z') return static_cast<unsigned>(c - 'A');
  if (c >= 'a' && c <= 'z') return static_cast<unsigned>(c - 'a') + 26;
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0') + 52;
  if (c == letter(62, alphabet)) return 62;
  if (c == letter(63, alphabet)) return 63;
  return std::nullopt;
}

template <typename Text>
void encode(Bytes bytes, Alphabet alphabet, Text& to) {
  using Unit = typename Text::value_type;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - at);
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i)
      group = (group << 8) | (i < count ? std::to_integer<std::uint32_t>(bytes[at + i]) : 0);
    for (std::size_t i = 0; i < 4; ++i) {
      if (i <= count)
        to.push_back(static_cast<Unit>(letter((group >> (18 - 6 * i)) & 0x3f, alphabet)));
      else if (alphabet == Alphabet::kStandard)
        to.push_back(static_cast<Unit>('='));
    }
  }
}

}  // namespace

std::string encode_base64(Bytes bytes, Alphabet alphabet) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  encode(bytes, alphabet, text);
  return text;
}

void encode_base64(Bytes bytes, Alphabet alphabet, SecretBytes& to) { encode(bytes, alphabet, to); }

std::optional<SecretBytes> decode_base64(std::string_view text, Alphabet alphabet) {
  if (alphabet == Alphabet::kStandard) {
    if (text.size() % 4 != 0) return std::nullopt;
    for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  }
  if (text.size() % 4 == 1) return std::nullopt;
  SecretBytes bytes;
  bytes.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t group = 0;
  unsigned bits = 0;
  for (const char c : text) {
    const auto value = value_of(c, alphabet);
    if (!value) return std::nullopt;
    group = (group << 6) | *value;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes.push_back(static_cast<std::byte>(group >> bits));
      group &= (1U << bits) - 1;
    }
  }
  if (group != 0) return std::nullopt;
  return bytes;
}

}  // namespace farpty::auth
