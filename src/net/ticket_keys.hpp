// TicketKeys: with what a server encrypts and authenticates the tickets that its clients come back with (RFC 8446, 4.6.1; the
// form of RFC 5077, 4): one set for the TLS contexts of all threads, so that a client may come back to any of them.
//
// The key changes every kPeriod, and the one before is kept as long as its tickets live; both are in memory only, and a server
// that starts anew knows no earlier ticket. Thread-safe. Invariant: what was made with a key that is gone opens no more.
#pragma once

#include <openssl/types.h>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>

#include "auth/secret.hpp"
#include "base/result.hpp"

namespace farpty::net {

class TicketKeys {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::hours kPeriod{1};
  static constexpr std::chrono::seconds kTicketLife = kPeriod;  // a key is kept for two periods

  static constexpr std::size_t kNameSize = 16, kVectorSize = 16;  // bytes, as OpenSSL wants them

  static Result<std::shared_ptr<TicketKeys>> make(std::function<Clock::time_point()> now = &Clock::now);

  // Prepares to make a ticket, and says by which name and vector it can be opened. Fails where there are no random numbers.
  bool begin_sealing(unsigned char* name, unsigned char* vector, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac);
  // Prepares to open one. false: it is of no key that is kept.
  bool begin_opening(const unsigned char* name, const unsigned char* vector, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac);

 private:
  struct Key {
    auth::Secret<kNameSize> name;
    auth::Secret<32> cipher, mac;  // AES-256, HMAC-SHA-256
    Clock::time_point made;
  };

  enum class Doing { kSeals, kOpens };

  explicit TicketKeys(std::function<Clock::time_point()> now) : now_(std::move(now)) {}
  Result<> turn();
  static bool use(const Key& key, const unsigned char* vector, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, Doing doing);

  std::function<Clock::time_point()> now_;
  std::mutex mutex_;
  Key current_;
  std::unique_ptr<Key> previous_;
};

}  // namespace farpty::net
