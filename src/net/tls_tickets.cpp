// Tls's tickets (RFC 8446, 4.6.1): given by a server that has let its peer in, kept by a client for when it comes back.
//
// The traps of OpenSSL 3.0: verification is skipped when a session is resumed, so identify_resumed() asks the judge itself;
// a session of a connection that was cut is marked as one that cannot be resumed, so a client keeps a copy; with
// SSL_OP_NO_TICKET a server would keep sessions itself.
#include <openssl/ssl.h>

#include "auth/certificate.hpp"
#include "base/check.hpp"
#include "net/ticket_keys.hpp"
#include "net/tls.hpp"
#include "net/tls_callbacks.hpp"

namespace farpty::net {

namespace {

Tls* tls_of(const SSL* ssl) { return static_cast<Tls*>(SSL_get_app_data(ssl)); }

}  // namespace

void TlsTicket::Free::operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }

std::unique_ptr<TlsTicket> TlsTicket::copy() const {
  SSL_SESSION* const twin = SSL_SESSION_dup(get());
  return twin == nullptr ? nullptr : std::make_unique<TlsTicket>(twin);
}

int TlsCallbacks::ticket_key(SSL* ssl, unsigned char* name, unsigned char* vector, EVP_CIPHER_CTX* cipher,
                             EVP_MAC_CTX* mac, int seal) {
  auto* const keys = static_cast<TicketKeys*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  if (seal != 0) return keys->begin_sealing(name, vector, cipher, mac) ? 1 : -1;
  return keys->begin_opening(name, vector, cipher, mac) ? 1 : 0;  // 0: a full handshake
}

int TlsCallbacks::fill_ticket(SSL* ssl, void* /*unused*/) {
  const auto claims = std::exchange(tls_of(ssl)->claims_, nullptr);
  return claims != nullptr &&
         SSL_SESSION_set1_ticket_appdata(SSL_get_session(ssl), claims->data(), claims->size()) == 1;
}

SSL_TICKET_RETURN TlsCallbacks::judge_ticket(SSL* ssl, SSL_SESSION* session, const unsigned char* /*name*/,
                                             std::size_t /*size*/, SSL_TICKET_STATUS status, void* /*unused*/) {
  if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW) return SSL_TICKET_RETURN_IGNORE;
  void* claims = nullptr;
  std::size_t size = 0;
  if (SSL_SESSION_get0_ticket_appdata(session, &claims, &size) != 1) return SSL_TICKET_RETURN_IGNORE;
  const bool holds = tls_of(ssl)->judge_.holds(Bytes(static_cast<const std::byte*>(claims), size));
  return holds ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_IGNORE;
}

// 0: OpenSSL keeps what it has.
int TlsCallbacks::keep_ticket(SSL* ssl, SSL_SESSION* session) {
  if (SSL_SESSION* const twin = SSL_SESSION_dup(session)) tls_of(ssl)->judge_.keep(TlsTicket(twin));
  return 0;
}

void Tls::give_ticket(std::vector<std::byte> claims) {
  FARPTY_CHECK(established_ && role_ == Role::kServer && peer_key_);
  if (failed_) return;
  claims_ = std::make_unique<std::vector<std::byte>>(std::move(claims));
  // Fails where the client wants none.
  if (SSL_new_session_ticket(ssl_.get()) != 1) claims_.reset();
}

// By a ticket: who the other end is, was proved when the ticket was made.
Result<> Tls::identify_resumed() {
  const auto refuse = [this](std::string why) {
    why_ = std::move(why);
    return broken();
  };
  if (role_ == Role::kClient && !has_ticket_) return refuse("it resumed what was never begun");
  const auto key = auth::public_key_of(SSL_get0_peer_certificate(ssl_.get()));
  if (!key) return refuse(key.error().message());
  if (role_ == Role::kClient && !judge_.accepts(*key)) return refuse("its key is not accepted");
  peer_key_ = *key;
  resumed_ = true;
  return {};
}

}  // namespace farpty::net
