// TlsContext: what all TLS connections of one end share: TLS 1.3 and nothing older, the protocol's name (ALPN), our key as a
// certificate where we have one.
//
// One for each thread (OpenSSL 3.0 fetches its algorithms once for each). It decides nothing about who may come in
// (tls.hpp: TlsJudge). No early data.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <span>
#include <string_view>

#include "auth/ed25519.hpp"
#include "base/result.hpp"
#include "net/ticket_keys.hpp"

namespace farpty::net {

inline constexpr std::string_view kAlpn = "farpty/1";
// Who dials is the client of TLS and the server of farpty/1 (docs/protocol/farpty-1.md, "Dialling out"). A name of its own, so that
// no end can be taken for the other one.
inline constexpr std::string_view kDialAlpn = "farpty-dial/1";
// The same, between ends that both know that the desk may speak right behind its Finished (tls.hpp: TlsJudge::ahead()).
inline constexpr std::string_view kDialAheadAlpn = "farpty-dial/1.1";

// The one suite for handshakes with a pre-shared key: OpenSSL 3.0 silently ignores a SHA-256 key when another is preferred.
inline constexpr const char* kPskSuite = "TLS_AES_128_GCM_SHA256";

class TlsContext {
 public:
  // A server always has a key. A client without one can only come in by invitation.
  // `ticket_keys`: the same for the contexts of all threads.
  static Result<TlsContext> server(const auth::PrivateKey& key, std::shared_ptr<TicketKeys> ticket_keys);
  static Result<TlsContext> client(const auth::PrivateKey* key);

  // The ends of dialling out: they have no keys, and know each other by a token alone.
  static Result<TlsContext> desk();
  static Result<TlsContext> dialler();

  [[nodiscard]] SSL_CTX* get() const { return context_.get(); }
  // The protocol's names: any of them will do, the first one is liked best.
  using Alpns = std::span<const std::string_view>;
  [[nodiscard]] Alpns alpns() const { return *alpns_; }

 private:
  struct Free {
    void operator()(SSL_CTX* context) const;
  };
  TlsContext(SSL_CTX* context, const Alpns& alpns) : alpns_(&alpns), context_(context) {}
  static Result<TlsContext> make_server(const Alpns& alpns);
  static Result<TlsContext> make_client(const Alpns& alpns);
  Result<> use(const auth::PrivateKey& key);

  const Alpns* alpns_;                       // a constant
  std::shared_ptr<TicketKeys> ticket_keys_;  // of a server; with the contexts of its other threads
  std::unique_ptr<SSL_CTX, Free> context_;
};

}  // namespace farpty::net
