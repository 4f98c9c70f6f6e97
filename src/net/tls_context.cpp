#include "net/tls_context.hpp"

#include <openssl/ssl.h>

#include <vector>

#include "auth/certificate.hpp"
#include "net/tls_callbacks.hpp"

namespace farpty::net {

void TlsContext::Free::operator()(SSL_CTX* context) const { SSL_CTX_free(context); }

namespace {

// RFC 8446, B.4, by rate where there are instructions for AES: 128 bits are as many as the curves of the handshake are good for.
constexpr const char* kSuites = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";

constexpr std::string_view kDoorNames[] = {kAlpn};
constexpr std::string_view kDialNames[] = {kDialAheadAlpn, kDialAlpn};
constexpr TlsContext::Alpns kDoorAlpns = kDoorNames, kDialAlpns = kDialNames;

constexpr unsigned char kSessionContext[] =
    "farpty";  // unset it is fatal with SSL_VERIFY_PEER when a session is resumed

Result<SSL_CTX*> make(const SSL_METHOD* method) {
  SSL_CTX* const context = SSL_CTX_new(method);
  if (context == nullptr) return auth::openssl_error("cannot set up", "TLS");
  SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE);  // who may keep buffers, Tls says
  SSL_CTX_set_read_ahead(context, 1);                        // a record by one read of the caller's memory, not two
  SSL_CTX_set_ciphersuites(context, kSuites);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_cert_verify_callback(context, &TlsCallbacks::verify, nullptr);
  return context;
}

}  // namespace

Result<> TlsContext::use(const auth::PrivateKey& key) {
  FARPTY_ASSIGN(certificate, auth::make_certificate(key));
  FARPTY_ASSIGN(private_key, auth::evp_key(key.seed()));
  if (SSL_CTX_use_certificate(get(), certificate.get()) != 1 || SSL_CTX_use_PrivateKey(get(), private_key.get()) != 1)
    return auth::openssl_error("cannot set up", "TLS with this key");
  return {};
}

Result<TlsContext> TlsContext::make_server(const Alpns& alpns) {
  FARPTY_ASSIGN(made, make(TLS_server_method()));
  TlsContext context(made, alpns);
  SSL_CTX_set_num_tickets(context.get(), 0);  // only who was let in gets one: Tls::give_ticket()
  SSL_CTX_set_max_early_data(context.get(), 0);
  SSL_CTX_set_recv_max_early_data(context.get(), 0);
  SSL_CTX_set_session_id_context(context.get(), kSessionContext, sizeof kSessionContext - 1);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_alpn_select_cb(context.get(), &TlsCallbacks::select_alpn, const_cast<Alpns*>(&alpns));
  SSL_CTX_set_psk_find_session_callback(context.get(), &TlsCallbacks::find_psk);
  return context;
}

Result<TlsContext> TlsContext::server(const auth::PrivateKey& key, std::shared_ptr<TicketKeys> ticket_keys) {
  FARPTY_ASSIGN(context, make_server(kDoorAlpns));
  FARPTY_TRY(context.use(key));
  context.ticket_keys_ = std::move(ticket_keys);
  SSL_CTX_set_app_data(context.get(), context.ticket_keys_.get());
  SSL_CTX_set_timeout(context.get(), static_cast<long>(TicketKeys::kTicketLife.count()));
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context.get(), &TlsCallbacks::ticket_key);
  SSL_CTX_set_session_ticket_cb(context.get(), &TlsCallbacks::fill_ticket, &TlsCallbacks::judge_ticket, nullptr);
  return context;
}

// Without a certificate OpenSSL ends every handshake that is not by a pre-shared key. There are no tickets: what was never
// given cannot be shown (SSL_OP_NO_TICKET leaves TLS 1.3 with session ids, which need a cache, and there is none).
Result<TlsContext> TlsContext::desk() {
  FARPTY_ASSIGN(context, make_server(kDialAlpns));
  SSL_CTX_set_options(context.get(), SSL_OP_NO_TICKET);
  return context;
}

Result<TlsContext> TlsContext::make_client(const Alpns& alpns) {
  FARPTY_ASSIGN(made, make(TLS_client_method()));
  TlsContext context(made, alpns);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  std::vector<unsigned char> protocols;  // RFC 7301, 3.1
  for (const std::string_view alpn : alpns) {
    protocols.push_back(static_cast<unsigned char>(alpn.size()));
    protocols.insert(protocols.end(), alpn.begin(), alpn.end());
  }
  if (SSL_CTX_set_alpn_protos(context.get(), protocols.data(), static_cast<unsigned>(protocols.size())) != 0)
    return auth::openssl_error("cannot set up", "TLS");
  return context;
}

Result<TlsContext> TlsContext::client(const auth::PrivateKey* key) {
  FARPTY_ASSIGN(context, make_client(kDoorAlpns));
  if (key != nullptr) FARPTY_TRY(context.use(*key));
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context.get(), &TlsCallbacks::keep_ticket);
  return context;
}

Result<TlsContext> TlsContext::dialler() { return make_client(kDialAlpns); }

}  // namespace farpty::net
