// Base64 (RFC 4648), strict: one text for each sequence of bytes, so that nothing has two spellings.
//
// Decoding takes no white space, no missing or surplus padding and no stray bits after the last byte.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "auth/secret.hpp"
#include "base/bytes.hpp"

namespace farpty::auth {

enum class Alphabet {
  kStandard,      // RFC 4648, 4: + and /, padded with =
  kStandardBare,  // the same without padding, as in OpenSSH's fingerprints
  kUrl,           // RFC 4648, 5: - and _, without padding
};

[[nodiscard]] std::string encode_base64(Bytes bytes, Alphabet alphabet = Alphabet::kStandard);

// Appends to what wipes itself: for secrets.
void encode_base64(Bytes bytes, Alphabet alphabet, SecretBytes& to);

// std::nullopt where it is not the text of any bytes.
[[nodiscard]] std::optional<SecretBytes> decode_base64(std::string_view text, Alphabet alphabet = Alphabet::kStandard);

}  // namespace farpty::auth
