#include "auth/token.hpp"

#include <algorithm>

#include "auth/base64.hpp"
#include "auth/ed25519.hpp"

namespace farpty::auth {

namespace {

constexpr std::string_view kPskPrefix = "farpty:";
static_assert((kInvitationIdSize + kInvitationSecretSize) * 4 / 3 == kTokenLength);

}  // namespace

std::string InvitationId::text() const { return encode_base64(bytes, Alphabet::kUrl); }

std::optional<InvitationId> InvitationId::parse(std::string_view text) {
  const auto decoded = decode_base64(text, Alphabet::kUrl);
  InvitationId id;
  if (!decoded || decoded->size() != id.bytes.size()) return std::nullopt;
  std::ranges::copy(*decoded, id.bytes.begin());
  return id;
}

std::string InvitationId::psk_identity() const { return std::string(kPskPrefix) + text(); }

std::optional<InvitationId> InvitationId::parse_psk_identity(Bytes identity) {
  const auto text = as_text(identity);
  if (!text.starts_with(kPskPrefix)) return std::nullopt;
  return parse(text.substr(kPskPrefix.size()));
}

Result<Token> make_token() {
  Token token;
  FARPTY_TRY(fill_with_random(token.id.bytes));
  FARPTY_TRY(fill_with_random(token.secret.bytes()));
  return token;
}

SecretBytes token_text(const Token& token) {
  SecretBytes bytes(token.id.bytes.begin(), token.id.bytes.end());
  bytes.insert(bytes.end(), token.secret.bytes().begin(), token.secret.bytes().end());
  SecretBytes text;
  encode_base64(bytes, Alphabet::kUrl, text);
  return text;
}

Result<Token> parse_token(std::string_view text) {
  const auto bytes = text.size() == kTokenLength ? decode_base64(text, Alphabet::kUrl) : std::nullopt;
  if (!bytes)
    return failure("cannot use", "the invitation", "its token is not one of ours: 32 letters, digits, - and _",
                   "copy the whole line that farpty invite printed");
  Token token;
  std::ranges::copy(Bytes(*bytes).first(kInvitationIdSize), token.id.bytes.begin());
  std::ranges::copy(Bytes(*bytes).subspan(kInvitationIdSize), token.secret.bytes().begin());
  return token;
}

}  // namespace farpty::auth
