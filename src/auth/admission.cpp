#include "auth/admission.hpp"

#include <algorithm>

namespace farpty::auth {

namespace {
// The first byte: what follows, and in which version of this form.
constexpr std::byte kKey{0x11};
constexpr std::byte kInvitation{0x12};

template <typename T>
std::vector<std::byte> tagged(std::byte tag, const T& value) {
  std::vector<std::byte> bytes{tag};
  bytes.insert(bytes.end(), value.bytes.begin(), value.bytes.end());
  return bytes;
}

template <typename T>
std::optional<Identity> untagged(Bytes bytes) {
  T value;
  if (bytes.size() != value.bytes.size()) return std::nullopt;
  std::ranges::copy(bytes, value.bytes.begin());
  return value;
}
}  // namespace

std::string text_of(const Identity& identity) {
  if (const auto* key = std::get_if<PublicKey>(&identity)) return fingerprint(*key);
  return "invitation " + std::get<InvitationId>(identity).text();
}

std::vector<std::byte> encode_identity(const Identity& identity) {
  if (const auto* key = std::get_if<PublicKey>(&identity)) return tagged(kKey, *key);
  return tagged(kInvitation, std::get<InvitationId>(identity));
}

std::optional<Identity> decode_identity(Bytes bytes) {
  if (bytes.empty()) return std::nullopt;
  if (bytes.front() == kKey) return untagged<PublicKey>(bytes.subspan(1));
  if (bytes.front() == kInvitation) return untagged<InvitationId>(bytes.subspan(1));
  return std::nullopt;
}

Result<Grants> admit(const Identity& identity, Coming coming, const AuthorizedKeys& keys, Invitations& invitations,
                     const std::optional<IpAddress>& from, Seconds now) {
  if (const auto* key = std::get_if<PublicKey>(&identity)) return admit(keys, *key, from, now);
  const auto& id = std::get<InvitationId>(identity);
  return coming == Coming::kFirst ? invitations.enter(id, now) : invitations.still_granted(id, now);
}

}  // namespace farpty::auth
