// What a TLS ticket of the native door says of its holder: who that is, what it could do when it got the ticket, and when it
// last proved to hold its key.
//
// It is the server's own word to itself, encrypted and authenticated by TLS (net/ticket_keys.hpp). Invariant: it gives no right.
// It holds only where the holder may do exactly the same now; otherwise a full login decides what holds now.
#pragma once

#include <optional>
#include <vector>

#include "auth/admission.hpp"

namespace farpty::auth {

// After this long the key itself has to sign again, however often its holder came back by tickets meanwhile.
inline constexpr Seconds kLongestWithoutProof = 24L * 60 * 60;

struct Ticket {
  Identity identity;
  Grants grants;
  Seconds proved = 0;  // when the last full handshake was
  bool operator==(const Ticket&) const = default;
};

[[nodiscard]] std::vector<std::byte> encode_ticket(const Ticket& ticket);
// std::nullopt where it is none of ours, or of another version.
[[nodiscard]] std::optional<Ticket> decode_ticket(Bytes bytes);

// `granted`: what admit() says of the holder now.
[[nodiscard]] bool holds(const Ticket& ticket, const Result<Grants>& granted, Seconds now);

}  // namespace farpty::auth
