#include "copy/sha256.hpp"

#include <openssl/evp.h>

#include "base/check.hpp"

namespace farpty::copy {

void Sha256::Free::operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  FARPTY_CHECK(context_ != nullptr && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
}

void Sha256::add(Bytes bytes) { FARPTY_CHECK(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1); }

Digest Sha256::digest() const {
  Digest digest{};
  unsigned size = 0;
  const std::unique_ptr<EVP_MD_CTX, Free> end(EVP_MD_CTX_new());
  FARPTY_CHECK(end != nullptr && EVP_MD_CTX_copy_ex(end.get(), context_.get()) == 1 &&
               EVP_DigestFinal_ex(end.get(), reinterpret_cast<unsigned char*>(digest.data()), &size) == 1 &&
               size == digest.size());
  return digest;
}

}  // namespace farpty::copy
