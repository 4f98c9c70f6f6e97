// libcrypto's objects, owned, and ed25519 keys as such objects: what TLS wants them as.
#pragma once

#include <openssl/types.h>

#include <memory>

#include "auth/ed25519.hpp"

namespace farpty::auth {

struct FreeOpenSsl {
  void operator()(EVP_PKEY* key) const;
  void operator()(X509* certificate) const;
};
using EvpKey = std::unique_ptr<EVP_PKEY, FreeOpenSsl>;
using Certificate = std::unique_ptr<X509, FreeOpenSsl>;

Result<EvpKey> evp_key(const Secret<kKeySize>& seed);

// Fails where it is null or a key of another kind than ed25519.
Result<PublicKey> public_key_of(const EVP_PKEY* key);

// "cannot OPERATION OBJECT: what OpenSSL's error queue says", and empties the queue.
[[nodiscard]] std::unexpected<Error> openssl_error(std::string operation, std::string object);

}  // namespace farpty::auth
