// TlsContext: what all TLS connections of one end share: TLS 1.3 and nothing older, ALPN farpty/1, our key as a certificate.
//
// One for each thread (OpenSSL 3.0 fetches its algorithms once for each). It decides nothing about who may come in
// (tls.hpp: TlsJudge). No early data.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <string_view>

#include "auth/ed25519.hpp"
#include "base/result.hpp"
#include "net/ticket_keys.hpp"

namespace farpty::net {

inline constexpr std::string_view kAlpn = "farpty/1";

// The one suite for handshakes with a pre-shared key: OpenSSL 3.0 silently ignores a SHA-256 key when another is preferred.
inline constexpr const char* kPskSuite = "TLS_AES_128_GCM_SHA256";

class TlsContext {
 public:
  // A server always has a key. A client without one can only come in by invitation.
  // `ticket_keys`: the same for the contexts of all threads.
  static Result<TlsContext> server(const auth::PrivateKey& key, std::shared_ptr<TicketKeys> ticket_keys);
  static Result<TlsContext> client(const auth::PrivateKey* key);

  [[nodiscard]] SSL_CTX* get() const { return context_.get(); }

 private:
  struct Free {
    void operator()(SSL_CTX* context) const;
  };
  explicit TlsContext(SSL_CTX* context) : context_(context) {}
  Result<> use(const auth::PrivateKey& key);

  std::shared_ptr<TicketKeys> ticket_keys_;  // of a server; with the contexts of its other threads
  std::unique_ptr<SSL_CTX, Free> context_;
};

}  // namespace farpty::net
