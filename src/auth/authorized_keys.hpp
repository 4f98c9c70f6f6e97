// authorized_keys: which keys may come in, from where, how long, and to do what (sshd(8), AUTHORIZED_KEYS FILE FORMAT).
//
// Text in, a decision out; reading the file is own_file.hpp's. Keys of other kinds than ed25519 are passed over. What is
// neither a key nor a comment lets nobody in and is complained about.
// Invariant: admit() grants nothing unless a line that was understood as a whole lists this very key.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/ed25519.hpp"
#include "auth/key_options.hpp"

namespace farpty::auth {

inline constexpr std::size_t kMaxAuthorizedKeys = 1024 * 1024;  // bytes of the file
inline constexpr std::size_t kMaxLine = 16 * 1024;              // OpenSSH's SSH_MAX_PUBKEY_BYTES
inline constexpr std::size_t kMaxComplaints = 100;              // of one file; a log is no place for thousands

struct AuthorizedKey {
  PublicKey key;
  KeyOptions options;
  unsigned line = 0;  // from 1
};

struct Complaint {
  unsigned line = 0;
  std::string reason;  // made of the file's words: printable() before it is logged
};

struct AuthorizedKeys {
  std::vector<AuthorizedKey> keys;
  std::vector<Complaint> complaints;
};

[[nodiscard]] AuthorizedKeys parse_authorized_keys(std::string_view text, const TimeZone& zone);

// A line of a complaint for the log: "FILE:LINE: REASON; the line lets nobody in".
[[nodiscard]] std::string text_of(const Complaint& complaint, std::string_view file);

// What the first line grants that lists the key, and whose from= and expiry-time= hold. The error says why not, for the
// log and not for the peer. `from`: std::nullopt for a unix socket.
Result<Grants> admit(const AuthorizedKeys& keys, const PublicKey& key, const std::optional<IpAddress>& from,
                     Seconds now);

}  // namespace farpty::auth
