// Invitation tokens: what stands behind the # of farpty://host:7022/#TOKEN.
//
// A token is a public id and a 128-bit secret, together 32 characters of base64url. The id travels in clear as the
// identity of a TLS 1.3 pre-shared key (RFC 8446, 4.2.11); the secret is that key, and proves each side to the other.
#pragma once

#include <array>
#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "auth/secret.hpp"
#include "base/result.hpp"

namespace farpty::auth {

inline constexpr std::size_t kInvitationIdSize = 8;       // bytes
inline constexpr std::size_t kInvitationSecretSize = 16;  // bytes: 128 bits
inline constexpr std::size_t kTokenLength = 32;           // characters

struct InvitationId {
  std::array<std::byte, kInvitationIdSize> bytes{};
  auto operator<=>(const InvitationId&) const = default;

  [[nodiscard]] std::string text() const;  // 11 characters, for lists and logs: it is no secret
  static std::optional<InvitationId> parse(std::string_view text);

  // What TLS calls the key: "farpty:" and text().
  [[nodiscard]] std::string psk_identity() const;
  static std::optional<InvitationId> parse_psk_identity(Bytes identity);
};

using InvitationSecret = Secret<kInvitationSecretSize>;

struct Token {
  InvitationId id;
  InvitationSecret secret;
};

// From the system's random numbers.
Result<Token> make_token();

[[nodiscard]] SecretBytes token_text(const Token& token);

// The error does not quote the text.
Result<Token> parse_token(std::string_view text);

}  // namespace farpty::auth
