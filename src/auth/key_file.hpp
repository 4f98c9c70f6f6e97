// Keys as OpenSSH writes them down: the line of a .pub file or of authorized_keys, and the file of a private key
// (openssh-key-v1, OpenSSH's PROTOCOL.key). Texts only; who reads files is own_file.hpp.
//
// Private keys that are encrypted are told apart and refused. Invariant: what is read was checked in full, the public
// half against the private one included; no message holds a byte of a secret.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "auth/ed25519.hpp"

namespace farpty::auth {

inline constexpr std::size_t kMaxKeyFile = 64 * 1024;  // bytes; a key of ours has 400, one of RSA's biggest 13 KiB
inline constexpr std::string_view kKeyType = "ssh-ed25519";

// "ssh-ed25519 AAAA... comment\n"; the comment may be empty and must be one line.
[[nodiscard]] std::string public_key_line(const PublicKey& key, std::string_view comment);

// The base64 word after "ssh-ed25519"; std::nullopt where it is none.
[[nodiscard]] std::optional<PublicKey> parse_key_word(std::string_view word);

struct KeyFile {
  PrivateKey key;
  std::string comment;  // as it stands there: printable() before it is shown
};

// The text of a private key's file. `check` is random: it tells a wrong passphrase from a right one, and means nothing here.
[[nodiscard]] SecretBytes private_key_text(const PrivateKey& key, std::string_view comment, std::uint32_t check);

// `name` is the file's, for messages.
Result<KeyFile> parse_private_key(Bytes text, const std::string& name);

}  // namespace farpty::auth
