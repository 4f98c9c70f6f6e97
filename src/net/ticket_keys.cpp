#include "net/ticket_keys.hpp"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <cstring>

#include "auth/ed25519.hpp"

namespace farpty::net {

namespace {

// Fetched once: OpenSSL 3 looks it up anew wherever it is only named.
const EVP_CIPHER* cipher_of_tickets() {
  static EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr);
  return cipher;
}

const unsigned char* raw(std::span<const std::byte> bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

}  // namespace

Result<std::shared_ptr<TicketKeys>> TicketKeys::make(std::function<Clock::time_point()> now) {
  // Shared by the contexts of all threads.
  std::shared_ptr<TicketKeys> keys(new TicketKeys(std::move(now)));
  FARPTY_TRY(keys->turn());
  keys->previous_.reset();
  return keys;
}

// A fresh key takes the place of the current one.
Result<> TicketKeys::turn() {
  Key fresh;
  for (const MutableBytes part :
       {MutableBytes(fresh.name.bytes()), MutableBytes(fresh.cipher.bytes()), MutableBytes(fresh.mac.bytes())})
    FARPTY_TRY(auth::fill_with_random(part));
  fresh.made = now_();
  previous_ = std::make_unique<Key>(std::move(current_));
  current_ = std::move(fresh);
  return {};
}

bool TicketKeys::begin_sealing(unsigned char* name, unsigned char* vector, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) {
  const std::scoped_lock lock(mutex_);
  if (now_() - current_.made >= kPeriod && !turn()) return false;
  if (!auth::fill_with_random(std::as_writable_bytes(std::span(vector, kVectorSize)))) return false;
  std::memcpy(name, current_.name.bytes().data(), kNameSize);
  return use(current_, vector, cipher, mac, Doing::kSeals);
}

bool TicketKeys::begin_opening(const unsigned char* name, const unsigned char* vector, EVP_CIPHER_CTX* cipher,
                               EVP_MAC_CTX* mac) {
  const std::scoped_lock lock(mutex_);
  for (const Key* const key : {static_cast<const Key*>(&current_), static_cast<const Key*>(previous_.get())})
    if (key != nullptr && now_() - key->made < 2 * kPeriod &&
        std::memcmp(name, key->name.bytes().data(), kNameSize) == 0)
      return use(*key, vector, cipher, mac, Doing::kOpens);
  return false;
}

bool TicketKeys::use(const Key& key, const unsigned char* vector, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                     Doing doing) {
  auto secret = key.mac.copy();
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, secret.bytes().data(), secret.bytes().size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, static_cast<char*>(digest), 0),
      OSSL_PARAM_construct_end()};
  return EVP_CipherInit_ex(cipher, cipher_of_tickets(), nullptr, raw(key.cipher.bytes()), vector,
                           doing == Doing::kSeals ? 1 : 0) == 1 &&
         EVP_MAC_CTX_set_params(mac, static_cast<const OSSL_PARAM*>(parameters)) == 1;
}

}  // namespace farpty::net
