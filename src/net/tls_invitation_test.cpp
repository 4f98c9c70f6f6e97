// Invitations as external pre-shared keys (RFC 8446, 2.2), and the traps of them.
#include <openssl/ssl.h>

#include "net/tls_pair.hpp"

namespace farpty::net {
namespace {

using TlsInvitationTest = TlsTest;

TEST_F(TlsInvitationTest, AnInvitationProvesBothEnds) {
  const auto token = invite();
  for (const auto* const context : {&keyless_context_, &client_context_}) {
    shake(*context, &token);
    ASSERT_TRUE(both_in()) << server_.error << client_.error;
    EXPECT_EQ(server_.tls->invitation(), token.id);
    EXPECT_FALSE(server_.tls->peer_key());
    EXPECT_FALSE(client_.tls->peer_key());
    EXPECT_FALSE(client_judge_.seen);  // no certificate came
  }
}

TEST_F(TlsInvitationTest, TheIdentityTravelsInClearAndIsNotTheSecret) {
  const auto token = invite();
  client_ = {.tls = *Tls::client(keyless_context_, client_judge_, &token)};
  client_.begin();
  const std::string_view hello = as_text(client_.out);
  EXPECT_TRUE(hello.contains(token.id.psk_identity()));
  EXPECT_FALSE(hello.contains(as_text(token.secret.bytes())));
  const auto text = auth::token_text(token);
  EXPECT_FALSE(hello.contains(as_text(Bytes(text).subspan(text.size() / 2))));
}

// In the clear part of the ClientHello: the list of suites is just the one (RFC 8446, 4.1.2). OpenSSL adds a signal that is
// none: TLS_EMPTY_RENEGOTIATION_INFO_SCSV (RFC 5746, 3.3).
TEST_F(TlsInvitationTest, WithAnInvitationOnlyTheSuiteIsOfferedThatUsesIt) {
  const auto token = invite();
  client_ = {.tls = *Tls::client(keyless_context_, client_judge_, &token)};
  client_.begin();
  const Bytes hello = client_.out;
  const std::size_t session_id = 5 + 4 + 2 + 32;
  const std::size_t suites = session_id + 1 + std::to_integer<std::size_t>(hello[session_id]);
  EXPECT_EQ(as_text(hello.subspan(suites, 6)), std::string_view("\x00\x04\x13\x01\x00\xff", 6));
}

TEST_F(TlsInvitationTest, AWrongSecretIsRefused) {
  auto token = invite();
  token.secret.bytes()[3] ^= std::byte{1};
  shake(keyless_context_, &token);
  EXPECT_FALSE(server_.tls->established());
  EXPECT_FALSE(client_.tls->established());
}

TEST_F(TlsInvitationTest, AnUnknownInvitationIsRefusedByBothEnds) {
  const auto token = *auth::make_token();
  shake(client_context_, &token);  // its key does not help it
  EXPECT_FALSE(server_.tls->established());
  EXPECT_FALSE(client_.tls->established());
  EXPECT_EQ(client_.error, "the server does not know this invitation: it showed a certificate instead");
  EXPECT_FALSE(client_judge_.seen);
}

// A server with a certificate and no pre-shared keys at all.
TEST_F(TlsInvitationTest, AnImpostorWithACertificateIsRefused) {
  SSL_CTX_set_psk_find_session_callback(server_context_.get(), nullptr);
  SSL_CTX_set_verify(server_context_.get(), SSL_VERIFY_NONE, nullptr);
  const auto token = *auth::make_token();
  shake(keyless_context_, &token);
  EXPECT_FALSE(client_.tls->established());
  EXPECT_EQ(client_.error, "the server does not know this invitation: it showed a certificate instead");
}

// The trap itself: with OpenSSL's default suites the key would be passed over without a word.
TEST_F(TlsInvitationTest, AServerThatPrefersAnotherSuiteStillUsesTheKey) {
  SSL_CTX_set_options(server_context_.get(), SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_ciphersuites(server_context_.get(), "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256");
  const auto token = invite();
  shake(keyless_context_, &token);
  EXPECT_TRUE(both_in());
}

TEST_F(TlsInvitationTest, ALookedUpInvitationIsNotYetAGuest) {
  const auto token = invite();
  server_ = {.tls = *Tls::server(server_context_, server_judge_)};
  client_ = {.tls = *Tls::client(keyless_context_, client_judge_, &token)};
  client_.begin();
  server_.take(std::exchange(client_.out, {}));
  EXPECT_FALSE(server_.tls->established());
  EXPECT_FALSE(server_.tls->invitation());
}

}  // namespace
}  // namespace farpty::net
