#include "auth/evp.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

namespace farpty::auth {

void FreeOpenSsl::operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
void FreeOpenSsl::operator()(X509* certificate) const { X509_free(certificate); }

std::unexpected<Error> openssl_error(std::string operation, std::string object) {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  auto error = failure(std::move(operation), std::move(object), reason == nullptr ? "OpenSSL refuses" : reason);
  ERR_clear_error();
  return error;
}

Result<EvpKey> evp_key(const Secret<kKeySize>& seed) {
  EvpKey key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr,
                                          reinterpret_cast<const unsigned char*>(seed.bytes().data()), kKeySize));
  if (key == nullptr) return openssl_error("cannot use", "an ed25519 key");
  return key;
}

Result<PublicKey> public_key_of(const EVP_PKEY* key) {
  PublicKey found;
  std::size_t size = found.bytes.size();
  if (key == nullptr || EVP_PKEY_get_id(key) != EVP_PKEY_ED25519)
    return failure("cannot use", "the key", "it is not an ed25519 key");
  if (EVP_PKEY_get_raw_public_key(key, reinterpret_cast<unsigned char*>(found.bytes.data()), &size) != 1 ||
      size != found.bytes.size())
    return openssl_error("cannot use", "the key");
  return found;
}

}  // namespace farpty::auth
