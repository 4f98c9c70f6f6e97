// Keys of ed25519 (RFC 8032), the one kind of key that farpty knows, and how they are named to people.
//
// The arithmetic is libcrypto's. Invariant: a PrivateKey's public half is the one that belongs to its seed.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <string>
#include <vector>

#include "auth/secret.hpp"
#include "base/result.hpp"

namespace farpty::auth {

inline constexpr std::size_t kKeySize = 32;  // bytes of a public key and of a seed (RFC 8032, 5.1.5)

struct PublicKey {
  std::array<std::byte, kKeySize> bytes{};
  auto operator<=>(const PublicKey&) const = default;
};

class PrivateKey {
 public:
  // A fresh one, from the system's random numbers.
  static Result<PrivateKey> generate();
  static Result<PrivateKey> from_seed(Secret<kKeySize> seed);

  [[nodiscard]] const PublicKey& public_key() const { return public_key_; }
  [[nodiscard]] const Secret<kKeySize>& seed() const { return seed_; }

 private:
  PrivateKey(Secret<kKeySize> seed, PublicKey public_key) : seed_(std::move(seed)), public_key_(public_key) {}
  Secret<kKeySize> seed_;
  PublicKey public_key_;
};

// The key as it travels in SSH: string "ssh-ed25519", string key (RFC 8709, 4).
[[nodiscard]] std::vector<std::byte> key_blob(const PublicKey& key);

// "SHA256:" and the blob's hash in base64 without padding, exactly as ssh-keygen -lf shows it.
[[nodiscard]] std::string fingerprint(const PublicKey& key);

// Fills with the system's random numbers; fails only where there are none.
Result<> fill_with_random(MutableBytes bytes);

}  // namespace farpty::auth
