#include "net/tls.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "auth/certificate.hpp"
#include "base/check.hpp"
#include "net/tls_callbacks.hpp"

namespace farpty::net {

namespace {

constexpr std::size_t kRecord = 16 * 1024;                           // RFC 8446, 5.1
constexpr std::string_view kExporterLabel = "EXPORTER-farpty-dial";  // docs/protocol/farpty-1.md
constexpr unsigned char kPskSuiteNumber[] = {0x13, 0x01};            // RFC 8446, B.4

// Before calls whose error is asked for: OpenSSL adds to what is there. Mostly nothing is, and to look costs less than to clear.
void clear_errors() {
  if (ERR_peek_error() != 0) ERR_clear_error();
}

// Those of this thread that may have buffers, the last used one first.
std::array<Tls*, Tls::kMostWithBuffers>& with_buffers() {
  static thread_local std::array<Tls*, Tls::kMostWithBuffers> recent{};
  return recent;
}

Tls* tls_of(const SSL* ssl) { return static_cast<Tls*>(SSL_get_app_data(ssl)); }

// A session that carries a secret as an external pre-shared key (RFC 8446, 4.2.11).
SSL_SESSION* session_of(SSL* ssl, const auth::InvitationId& id, const auth::InvitationSecret& secret) {
  const SSL_CIPHER* const suite = SSL_CIPHER_find(ssl, kPskSuiteNumber);
  SSL_SESSION* const session = SSL_SESSION_new();
  if (session == nullptr || suite == nullptr ||
      SSL_SESSION_set1_master_key(session, reinterpret_cast<const unsigned char*>(secret.bytes().data()),
                                  secret.bytes().size()) != 1 ||
      SSL_SESSION_set_cipher(session, suite) != 1 || SSL_SESSION_set_protocol_version(session, TLS1_3_VERSION) != 1 ||
      // Tells afterwards which of several offered keys was used.
      SSL_SESSION_set1_ticket_appdata(session, id.bytes.data(), id.bytes.size()) != 1) {
    SSL_SESSION_free(session);
    return nullptr;
  }
  return session;
}

}  // namespace

void Tls::Free::operator()(SSL* ssl) const { SSL_free(ssl); }

// A call: where its output goes, and whose buffers go for it.
class Tls::Use {
 public:
  Use(Tls& tls, std::vector<std::byte>& out) : tls_(tls) {
    tls.out_ = &out;
    auto& recent = with_buffers();
    if (recent.front() == &tls) return;
    auto place = std::ranges::find(recent, &tls);
    if (place == recent.end()) {
      --place;
      if (*place != nullptr) SSL_free_buffers((*place)->ssl_.get());  // but what a part of a record came in
    }
    std::move_backward(recent.begin(), place, place + 1);
    recent.front() = &tls;
  }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;
  ~Use() { tls_.out_ = nullptr; }

 private:
  Tls& tls_;
};

void Tls::forget() { std::ranges::replace(with_buffers(), this, nullptr); }

int TlsCallbacks::verify(X509_STORE_CTX* store, void* /*unused*/) {
  const auto* const ssl =
      static_cast<const SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  Tls* const tls = tls_of(ssl);
  const auto refuse = [&](std::string why) {
    tls->why_ = std::move(why);
    X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
    return 0;
  };
  if (tls->token_) return refuse("the server does not know this invitation: it showed a certificate instead");
  const auto key = auth::public_key_of(X509_STORE_CTX_get0_cert(store));
  if (!key) return refuse(key.error().message());
  if (!tls->judge_.accepts(*key)) return refuse("its key is not accepted");
  return 1;
}

int TlsCallbacks::select_alpn(SSL* /*ssl*/, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                              unsigned in_size, void* wanted) {
  for (const std::string_view alpn : *static_cast<const TlsContext::Alpns*>(wanted)) {
    for (unsigned i = 0; i < in_size; i += 1U + in[i]) {
      if (i + 1U + in[i] > in_size) break;
      if (std::string_view(reinterpret_cast<const char*>(in + i + 1), in[i]) != alpn) continue;
      *out = in + i + 1;
      *out_size = in[i];
      return SSL_TLSEXT_ERR_OK;
    }
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

int TlsCallbacks::find_psk(SSL* ssl, const unsigned char* identity, std::size_t size, SSL_SESSION** session) {
  *session = nullptr;
  const auto id = auth::InvitationId::parse_psk_identity(std::as_bytes(std::span(identity, size)));
  if (!id) return 1;
  if (const auto* secret = tls_of(ssl)->judge_.secret_of(*id)) *session = session_of(ssl, *id, *secret);
  return 1;  // none: the handshake goes on without it, and fails for want of a certificate
}

int TlsCallbacks::use_psk(SSL* ssl, const EVP_MD* digest, const unsigned char** identity, std::size_t* size,
                          SSL_SESSION** session) {
  *session = nullptr;
  const Tls* const tls = tls_of(ssl);
  if (!tls->token_) return 1;
  // After a HelloRetryRequest OpenSSL says which hash it wants; ours is the only suite that is offered.
  if (digest != nullptr && EVP_MD_get_size(digest) != 32) return 0;
  static thread_local std::string name;  // OpenSSL copies it before it calls again
  name = tls->token_->id.psk_identity();
  *session = session_of(ssl, tls->token_->id, tls->token_->secret);
  if (*session == nullptr) return 0;
  *identity = reinterpret_cast<const unsigned char*>(name.data());
  *size = name.size();
  return 1;
}

// A BIO on the caller's memory: BIO_s_mem would keep what it has grown to.
BIO_METHOD* TlsCallbacks::bio() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* const made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "farpty");
    BIO_meth_set_create(made, [](BIO* bio) {
      BIO_set_init(bio, 1);
      return 1;
    });
    BIO_meth_set_read_ex(made, [](BIO* bio, char* into, std::size_t size, std::size_t* count) {
      auto& in = static_cast<Tls*>(BIO_get_data(bio))->in_;
      BIO_clear_retry_flags(bio);
      *count = std::min(size, in.size());
      if (*count == 0) {
        BIO_set_retry_read(bio);
        return 0;
      }
      std::memcpy(into, in.data(), *count);
      in = in.subspan(*count);
      return 1;
    });
    BIO_meth_set_write_ex(made, [](BIO* bio, const char* from, std::size_t size, std::size_t* count) {
      auto* const out = static_cast<Tls*>(BIO_get_data(bio))->out_;
      FARPTY_CHECK(out != nullptr);
      const Bytes bytes = as_bytes({from, size});
      out->insert(out->end(), bytes.begin(), bytes.end());
      *count = size;
      return 1;
    });
    BIO_meth_set_ctrl(made, [](BIO*, int command, long, void*) -> long { return command == BIO_CTRL_FLUSH ? 1 : 0; });
    return made;
  }();
  return method;
}

Result<std::unique_ptr<Tls>> Tls::make(const TlsContext& context, Role role, TlsJudge& judge) {
  std::unique_ptr<Tls> tls(new Tls(role, judge, context.alpns()));
  tls->ssl_.reset(SSL_new(context.get()));
  BIO* const bio = tls->ssl_ ? BIO_new(TlsCallbacks::bio()) : nullptr;
  if (bio == nullptr) return auth::openssl_error("cannot set up", "TLS");
  BIO_set_data(bio, tls.get());
  SSL_set_bio(tls->ssl_.get(), bio, bio);
  SSL_set_app_data(tls->ssl_.get(), tls.get());
  if (role == Role::kServer)
    SSL_set_accept_state(tls->ssl_.get());
  else
    SSL_set_connect_state(tls->ssl_.get());
  return tls;
}

Result<std::unique_ptr<Tls>> Tls::server(const TlsContext& context, TlsJudge& judge) {
  FARPTY_ASSIGN(tls, make(context, Role::kServer, judge));
  tls->may_speak_ahead_ = std::ranges::find(tls->alpns_, kDialAheadAlpn) != tls->alpns_.end();
  return tls;
}

Result<std::unique_ptr<Tls>> Tls::client(const TlsContext& context, TlsJudge& judge, const auth::Token* token,
                                         const TlsTicket* ticket) {
  FARPTY_ASSIGN(tls, make(context, Role::kClient, judge));
  // Who cannot use it does without.
  if (const auto copy = token == nullptr && ticket != nullptr ? ticket->copy() : nullptr)
    tls->has_ticket_ = SSL_set_session(tls->ssl_.get(), copy->get()) == 1;
  if (token != nullptr) {
    tls->token_ = std::make_unique<auth::Token>(auth::Token{.id = token->id, .secret = token->secret.copy()});
    SSL_set_psk_use_session_callback(tls->ssl_.get(), &TlsCallbacks::use_psk);
    if (SSL_set_ciphersuites(tls->ssl_.get(), kPskSuite) != 1) return auth::openssl_error("cannot set up", "TLS");
  }
  return tls;
}

Tls::~Tls() { forget(); }

Result<> Tls::begin(std::vector<std::byte>& out) {
  const Use use(*this, out);
  return shake_hands();
}

Result<> Tls::shake_hands() {
  if (may_speak_ahead_) {
    FARPTY_TRY(speak_ahead());
    if (may_speak_ahead_) return {};
  }
  clear_errors();
  const int done = SSL_do_handshake(ssl_.get());
  if (done != 1) {
    if (SSL_get_error(ssl_.get(), done) == SSL_ERROR_WANT_READ) return {};
    return broken();
  }
  return identify();
}

// As far as our own Finished, and what the judge says behind it. OpenSSL has no other way to write there than the one by which
// early data is read; of that none is accepted (tls_context.cpp), so that it can only tell that there was none.
Result<> Tls::speak_ahead() {
  std::byte early{};
  std::size_t count = 0;
  clear_errors();
  const int done = SSL_read_early_data(ssl_.get(), &early, sizeof early, &count);
  if (done == SSL_READ_EARLY_DATA_ERROR) {
    if (SSL_get_error(ssl_.get(), 0) == SSL_ERROR_WANT_READ) return {};
    return broken();
  }
  may_speak_ahead_ = false;
  if (done != SSL_READ_EARLY_DATA_FINISH) {
    why_ = "it sent early data, which is not accepted";
    return broken();
  }
  const auto id = alpn() == kDialAheadAlpn ? invitation_used() : std::nullopt;
  return id ? write_ahead(judge_.ahead(*id)) : Result<>();
}

Result<> Tls::write_ahead(Bytes plain) {
  while (!plain.empty()) {
    std::size_t count = 0;
    clear_errors();
    if (SSL_write_early_data(ssl_.get(), plain.data(), plain.size(), &count) != 1) return broken();
    plain = plain.subspan(count);
  }
  return {};
}

std::string_view Tls::alpn() const {
  const unsigned char* protocol = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &protocol, &size);
  return {reinterpret_cast<const char*>(protocol), size};
}

std::optional<auth::InvitationId> Tls::invitation_used() const {
  void* id = nullptr;
  std::size_t size = 0;
  auth::InvitationId invitation;
  if (SSL_session_reused(ssl_.get()) != 1 || SSL_get0_peer_certificate(ssl_.get()) != nullptr ||
      SSL_SESSION_get0_ticket_appdata(SSL_get_session(ssl_.get()), &id, &size) != 1 || size != invitation.bytes.size())
    return std::nullopt;
  std::memcpy(invitation.bytes.data(), id, size);
  return invitation;
}

// The handshake is over: is it the one that was wanted? Nothing was handed out yet.
Result<> Tls::identify() {
  const auto refuse = [this](std::string why) {
    why_ = std::move(why);
    return broken();
  };
  if (std::ranges::find(alpns_, alpn()) == alpns_.end())
    return refuse("it does not speak " + std::string(alpns_.back()) + " (ALPN)");
  const bool by_psk = SSL_session_reused(ssl_.get()) == 1;
  const X509* const certificate = SSL_get0_peer_certificate(ssl_.get());
  if (token_ && (!by_psk || certificate != nullptr)) return refuse("it did not use the invitation");
  if (by_psk && certificate != nullptr) {
    FARPTY_TRY(identify_resumed());
  } else if (by_psk) {
    const auto invitation = invitation_used();
    if ((role_ == Role::kClient && !token_) || !invitation) return refuse("it resumed what was never begun");
    invitation_ = invitation;
  } else {
    auto key = auth::public_key_of(certificate);
    if (!key) return refuse(key.error().message());
    peer_key_ = *key;
  }
  established_ = true;
  return {};
}

std::unexpected<Error> Tls::broken() {
  failed_ = true;
  std::string reason = std::exchange(why_, {});
  if (reason.empty()) {
    const unsigned long code = ERR_peek_last_error();
    // Reasons from there on are alerts that came in (ssl.h).
    peer_broke_off_ = ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) >= SSL_AD_REASON_OFFSET;
    const char* const text = code != 0 ? ERR_reason_error_string(code) : nullptr;
    reason = text != nullptr ? text : "the other end broke off";
    // A desk, which has no certificate, was to sign: OpenSSL speaks of algorithms (t1_lib.c: tls_choose_sigalg).
    if (ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM &&
        SSL_get_certificate(ssl_.get()) == nullptr)
      reason = "it has shown no token that is good here";
  }
  ERR_clear_error();
  return failure("TLS", "", std::move(reason));
}

Result<> Tls::receive(Bytes wire, std::vector<std::byte>& plain, std::vector<std::byte>& out) {
  if (failed_) return failure("TLS", "", "it has failed before");
  const Use use(*this, out);
  in_ = wire;
  Result<> done;
  if (!established_) done = shake_hands();
  if (done && established_) done = read(plain);
  in_ = {};
  return done;
}

Result<> Tls::read(std::vector<std::byte>& plain) {
  static thread_local std::array<std::byte, kRecord> record;  // a vector would clear what it grows by
  while (!peer_closed_) {
    std::size_t count = 0;
    clear_errors();
    const int done = SSL_read_ex(ssl_.get(), record.data(), record.size(), &count);
    if (done == 1) {
      plain.insert(plain.end(), record.begin(), record.begin() + static_cast<std::ptrdiff_t>(count));
      if (in_.empty() && SSL_has_pending(ssl_.get()) == 0) break;  // no more to be had: do not ask
      continue;
    }
    const int why = SSL_get_error(ssl_.get(), done);
    if (why == SSL_ERROR_WANT_READ) break;
    if (why != SSL_ERROR_ZERO_RETURN) return broken();
    peer_closed_ = true;
  }
  return {};
}

Result<> Tls::send(Bytes plain, std::vector<std::byte>& out) {
  FARPTY_CHECK(established_);
  const Use use(*this, out);
  Result<> result;
  while (!plain.empty() && result) {
    std::size_t count = 0;
    if (failed_ || SSL_write_ex(ssl_.get(), plain.data(), plain.size(), &count) != 1)
      result = broken();
    else
      plain = plain.subspan(count);
  }
  return result;
}

Result<auth::Token> Tls::token_of_handshake() const {
  FARPTY_CHECK(established_);
  std::array<std::byte, auth::kInvitationIdSize + auth::kInvitationSecretSize> material{};
  if (SSL_export_keying_material(ssl_.get(), reinterpret_cast<unsigned char*>(material.data()), material.size(),
                                 kExporterLabel.data(), kExporterLabel.size(), nullptr, 0, 0) != 1)
    return auth::openssl_error("cannot derive", "a token");
  auth::Token token;
  std::ranges::copy(Bytes(material).first(token.id.bytes.size()), token.id.bytes.begin());
  std::ranges::copy(Bytes(material).subspan(token.id.bytes.size()), token.secret.bytes().begin());
  OPENSSL_cleanse(material.data(), material.size());
  return token;
}

void Tls::close(std::vector<std::byte>& out) {
  if (failed_ || !established_) return;
  const Use use(*this, out);
  SSL_shutdown(ssl_.get());
}

}  // namespace farpty::net
