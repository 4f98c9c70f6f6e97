// Who somebody is, once TLS has proved it, and what they may do: the one decision for everyone who comes in, and the same
// one again whenever they come back.
//
// Invariant: a resumption is judged by what holds now. What a ticket carries says only who its holder was.
#pragma once

#include <variant>

#include "auth/authorized_keys.hpp"
#include "auth/invitations.hpp"

namespace farpty::auth {

// The key that signed the handshake, or the invitation whose secret keyed it.
using Identity = std::variant<PublicKey, InvitationId>;

// "SHA256:..." or "invitation ...", for people and logs.
[[nodiscard]] std::string text_of(const Identity& identity);

// What a ticket carries. std::nullopt where it is none of ours, or of another version.
[[nodiscard]] std::vector<std::byte> encode_identity(const Identity& identity);
[[nodiscard]] std::optional<Identity> decode_identity(Bytes bytes);

enum class Coming {
  kFirst,  // a full handshake, and the client's Finished was verified: an invitation for once is spent
  kAgain,  // by a ticket, or a check while connected (--reauth): nothing is spent
};

// `keys`: as authorized_keys says now. The error is for the log; the peer learns nothing but that it may not enter.
Result<Grants> admit(const Identity& identity, Coming coming, const AuthorizedKeys& keys, Invitations& invitations,
                     const std::optional<IpAddress>& from, Seconds now);

}  // namespace farpty::auth
