#include "net/tls.hpp"

#include <openssl/ssl.h>

#include "auth/certificate.hpp"
#include "net/tls_pair.hpp"

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace farpty::net {
namespace {

TEST_F(TlsTest, BothEndsLearnEachOthersKey) {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{100'000}}) {
    shake(client_context_, nullptr, piece);
    ASSERT_TRUE(both_in()) << server_.error << client_.error;
    EXPECT_EQ(server_.tls->peer_key(), client_key_.public_key());
    EXPECT_EQ(client_.tls->peer_key(), server_key_.public_key());
    EXPECT_FALSE(server_.tls->invitation());
  }
}

TEST_F(TlsTest, CarriesBytesAndTheEnd) {
  shake(client_context_, nullptr);
  const std::string text(100'000, 'x');
  ASSERT_TRUE(client_.tls->send(as_bytes(text), client_.out));
  client_.tls->close(client_.out);
  carry(client_, server_, 1000);
  EXPECT_EQ(as_text(server_.plain), text);
  EXPECT_TRUE(server_.tls->peer_closed());
}

// More connections than may keep their buffers, each with a part of a record in them while the others are used.
TEST_F(TlsTest, ManyTakeTurns) {
  constexpr std::size_t kMany = 3 * Tls::kMostWithBuffers;
  std::vector<std::pair<End, End>> pairs;
  for (std::size_t i = 0; i < kMany; ++i) {
    shake(client_context_, nullptr);
    ASSERT_TRUE(both_in());
    pairs.emplace_back(std::move(server_), std::move(client_));
  }
  const std::string text(40'000, 'x');
  for (std::size_t i = 0; i < kMany; ++i)
    ASSERT_TRUE(pairs[i].second.tls->send(as_bytes(text + std::to_string(i)), pairs[i].second.out));
  pairs.erase(pairs.begin() + 1);
  constexpr std::size_t kPiece = 5000;
  for (std::size_t at = 0; at < 2 * text.size(); at += kPiece)
    for (auto& [server, client] : pairs) {
      const Bytes wire = Bytes(client.out).subspan(std::min(at, client.out.size()));
      server.take(wire.first(std::min(kPiece, wire.size())));
      ASSERT_TRUE(server.tls->send(as_bytes("."), server.out));
    }
  for (std::size_t i = 0; i < pairs.size(); ++i)
    EXPECT_EQ(as_text(pairs[i].first.plain), text + std::to_string(i == 0 ? 0 : i + 1));
}

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__)
#if !__has_feature(address_sanitizer)
TEST_F(TlsTest, WhoIsIdleHasNoBuffers) {
  constexpr std::size_t kMany = 64, kOnesBuffers = 32 * 1024;  // bytes, of either end
  const auto used = [] { return mallinfo2().uordblks + mallinfo2().hblkhd; };
  std::vector<std::pair<End, End>> pairs;
  const auto before = used();
  for (std::size_t i = 0; i < kMany; ++i) {
    shake(client_context_, nullptr);
    ASSERT_TRUE(client_.tls->send(as_bytes("a word"), client_.out));
    ASSERT_TRUE(server_.tls->send(as_bytes("an answer"), server_.out));
    carry(client_, server_);
    ASSERT_EQ(as_text(client_.plain), "an answer");
    pairs.emplace_back(std::move(server_), std::move(client_));
  }
  EXPECT_LT(used() - before, kMany * 2 * kOnesBuffers);
}
#endif
#endif

TEST_F(TlsTest, AClientThatRefusesTheServersKeyNeverFinishes) {
  client_judge_.accept = false;
  shake(client_context_, nullptr);
  EXPECT_FALSE(server_.tls->established());
  EXPECT_FALSE(client_.tls->established());
  EXPECT_EQ(client_.error, "its key is not accepted");
  EXPECT_EQ(client_judge_.seen, server_key_.public_key());
  EXPECT_TRUE(server_.tls->peer_broke_off());
  EXPECT_FALSE(client_.tls->peer_broke_off());
}

TEST_F(TlsTest, NobodyComesInWithNeitherKeyNorInvitation) {
  shake(keyless_context_, nullptr);
  EXPECT_FALSE(server_.tls->established());
  EXPECT_NE(server_.error, "");
}

TEST_F(TlsTest, OtherProtocolsAreRefused) {
  // No ALPN.
  SSL_CTX_set_alpn_protos(client_context_.get(), nullptr, 0);
  shake(client_context_, nullptr);
  EXPECT_FALSE(server_.tls->established());
  EXPECT_EQ(server_.error, "it does not speak farpty/1 (ALPN)");
  // Another one.
  const unsigned char other[] = "\x08http/1.1";
  SSL_CTX_set_alpn_protos(client_context_.get(), other, sizeof other - 1);
  shake(client_context_, nullptr);
  EXPECT_FALSE(server_.tls->established());
  EXPECT_FALSE(client_.tls->established());
}

TEST_F(TlsTest, AServerWithoutTheProtocolIsRefused) {
  SSL_CTX_set_alpn_select_cb(server_context_.get(), nullptr, nullptr);
  shake(client_context_, nullptr);
  EXPECT_FALSE(client_.tls->established());
  EXPECT_EQ(client_.error, "it does not speak farpty/1 (ALPN)");
}

TEST_F(TlsTest, OlderTlsIsRefused) {
  SSL_CTX_set_min_proto_version(client_context_.get(), TLS1_2_VERSION);
  SSL_CTX_set_max_proto_version(client_context_.get(), TLS1_2_VERSION);
  shake(client_context_, nullptr);
  EXPECT_FALSE(server_.tls->established());
}

TEST_F(TlsTest, KeysOfAnotherKindAreRefused) {
  // A certificate with an EC key.
  EVP_PKEY* const key = EVP_EC_gen("P-256");
  X509* const certificate = X509_new();
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 1000);
  X509_set_pubkey(certificate, key);
  X509_sign(certificate, key, EVP_sha256());
  ASSERT_EQ(SSL_CTX_use_certificate(keyless_context_.get(), certificate), 1);
  ASSERT_EQ(SSL_CTX_use_PrivateKey(keyless_context_.get(), key), 1);
  shake(keyless_context_, nullptr);
  EXPECT_FALSE(server_.tls->established());
  EXPECT_FALSE(server_judge_.seen);
  X509_free(certificate);
  EVP_PKEY_free(key);
}

TEST_F(TlsTest, ABitThatWasFlippedEndsIt) {
  shake(client_context_, nullptr);
  ASSERT_TRUE(client_.tls->send(as_bytes("hello"), client_.out));
  client_.out[8] ^= std::byte{1};
  server_.take(client_.out);
  EXPECT_NE(server_.error, "");
  EXPECT_TRUE(server_.plain.empty());
  std::vector<std::byte> plain, out;
  EXPECT_FALSE(server_.tls->receive(as_bytes("x"), plain, out));
}

TEST_F(TlsTest, NonsenseIsRefused) {
  server_ = {.tls = *Tls::server(server_context_, server_judge_)};
  server_.take(as_bytes("GET / HTTP/1.1\r\n\r\n"));
  EXPECT_NE(server_.error, "");
  EXPECT_FALSE(server_.tls->established());
  EXPECT_FALSE(server_.tls->peer_broke_off());
}

}  // namespace
}  // namespace farpty::net
