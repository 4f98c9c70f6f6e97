#include "auth/ed25519.hpp"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include "auth/base64.hpp"
#include "auth/evp.hpp"
#include "auth/ssh_wire.hpp"
#include "base/check.hpp"

namespace farpty::auth {

Result<> fill_with_random(MutableBytes bytes) {
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size())) != 1)
    return failure("cannot get", "random numbers", "the system has none to give");
  return {};
}

Result<PrivateKey> PrivateKey::generate() {
  Secret<kKeySize> seed;
  FARPTY_TRY(fill_with_random(seed.bytes()));
  return from_seed(std::move(seed));
}

Result<PrivateKey> PrivateKey::from_seed(Secret<kKeySize> seed) {
  FARPTY_ASSIGN(key, evp_key(seed));
  FARPTY_ASSIGN(public_key, public_key_of(key.get()));
  return PrivateKey(std::move(seed), public_key);
}

std::vector<std::byte> key_blob(const PublicKey& key) {
  std::vector<std::byte> blob;
  write_string(blob, as_bytes("ssh-ed25519"));
  write_string(blob, key.bytes);
  return blob;
}

std::string fingerprint(const PublicKey& key) {
  const auto blob = key_blob(key);
  std::array<std::byte, SHA256_DIGEST_LENGTH> hash{};
  FARPTY_CHECK(SHA256(reinterpret_cast<const unsigned char*>(blob.data()), blob.size(),
                      reinterpret_cast<unsigned char*>(hash.data())) != nullptr);
  return "SHA256:" + encode_base64(hash, Alphabet::kStandardBare);
}

}  // namespace farpty::auth
