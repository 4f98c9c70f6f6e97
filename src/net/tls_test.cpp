#include "net/tls.hpp"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <map>

#include "auth/certificate.hpp"

namespace farpty::net {
namespace {

struct Judge final : TlsJudge {
  std::map<auth::InvitationId, auth::InvitationSecret> secrets;
  bool accept = true;
  std::optional<auth::PublicKey> seen;
  bool ticket_holds = true;
  std::string claims;               // that a client came back with
  std::optional<TlsTicket> ticket;  // that a server gave

  const auth::InvitationSecret* secret_of(const auth::InvitationId& id) override {
    const auto found = secrets.find(id);
    return found == secrets.end() ? nullptr : &found->second;
  }
  bool accepts(const auth::PublicKey& key) override {
    seen = key;
    return accept;
  }
  bool holds(Bytes said) override {
    claims = as_text(said);
    return ticket_holds;
  }
  void keep(TlsTicket given) override { ticket = std::move(given); }
};

struct End {
  std::unique_ptr<Tls> tls;
  std::vector<std::byte> plain, out;
  std::string error;

  void begin() {
    if (const auto done = tls->begin(out); !done) error = done.error().reason;
  }
  void take(Bytes wire) {
    if (const auto done = tls->receive(wire, plain, out); !done && error.empty()) error = done.error().reason;
  }
};

// Carries bytes both ways, `piece` at a time, until nobody has anything to say.
void carry(End& a, End& b, std::size_t piece = 100'000) {
  while (!a.out.empty() || !b.out.empty()) {
    for (auto* const pair : {&a, &b}) {
      End& from = *pair;
      End& to = pair == &a ? b : a;
      const auto wire = std::exchange(from.out, {});
      for (Bytes left = wire; !left.empty(); left = left.subspan(std::min(piece, left.size())))
        to.take(left.first(std::min(piece, left.size())));
    }
  }
}

class TlsTest : public testing::Test {
 protected:
  auth::PrivateKey server_key_ = *auth::PrivateKey::generate();
  auth::PrivateKey client_key_ = *auth::PrivateKey::generate();
  TicketKeys::Clock::time_point now_{std::chrono::hours(1000)};
  std::shared_ptr<TicketKeys> ticket_keys_ = *TicketKeys::make([this] { return now_; });
  TlsContext server_context_ = *TlsContext::server(server_key_, ticket_keys_);
  TlsContext client_context_ = *TlsContext::client(&client_key_);
  TlsContext keyless_context_ = *TlsContext::client(nullptr);
  Judge server_judge_, client_judge_;
  End server_, client_;

  void shake(const TlsContext& client_context, const auth::Token* token, std::size_t piece = 100'000) {
    server_ = {.tls = *Tls::server(server_context_, server_judge_)};
    client_ = {.tls = *Tls::client(client_context, client_judge_, token)};
    client_.begin();
    carry(client_, server_, piece);
  }
  // The client comes back with what it was given, to a server with that context.
  void come_back(const TlsContext& server_context, const auth::Token* token = nullptr) {
    const auto* const ticket = client_judge_.ticket ? &*client_judge_.ticket : nullptr;
    server_judge_.claims.clear();
    client_judge_.seen.reset();
    server_ = {.tls = *Tls::server(server_context, server_judge_)};
    client_ = {.tls = *Tls::client(client_context_, client_judge_, token, ticket)};
    client_.begin();
    carry(client_, server_);
  }
  void give(std::string_view claims) {
    const Bytes bytes = as_bytes(claims);
    server_.tls->give_ticket({bytes.begin(), bytes.end()});
    ASSERT_TRUE(server_.tls->send(as_bytes("and a word"), server_.out));
    carry(server_, client_);
  }
  // A full handshake, and a ticket.
  void meet(std::string_view claims = "who it is") {
    shake(client_context_, nullptr);
    ASSERT_TRUE(both_in()) << server_.error << client_.error;
    give(claims);
    ASSERT_TRUE(client_judge_.ticket);
    EXPECT_EQ(as_text(client_.plain), "and a word");
  }
  // Both ends are in, and their keys were proved now.
  void expect_full() {
    ASSERT_TRUE(both_in()) << server_.error << client_.error;
    EXPECT_FALSE(server_.tls->resumed());
    EXPECT_FALSE(client_.tls->resumed());
    EXPECT_EQ(server_.tls->peer_key(), client_key_.public_key());
    EXPECT_EQ(client_judge_.seen, server_key_.public_key());
  }
  bool both_in() const { return server_.tls->established() && client_.tls->established(); }
  auth::Token invite() {
    auto token = *auth::make_token();
    server_judge_.secrets.emplace(token.id, token.secret.copy());
    return token;
  }
};

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

TEST_F(TlsTest, AnInvitationProvesBothEnds) {
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

TEST_F(TlsTest, TheIdentityTravelsInClearAndIsNotTheSecret) {
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
TEST_F(TlsTest, WithAnInvitationOnlyTheSuiteIsOfferedThatUsesIt) {
  const auto token = invite();
  client_ = {.tls = *Tls::client(keyless_context_, client_judge_, &token)};
  client_.begin();
  const Bytes hello = client_.out;
  const std::size_t session_id = 5 + 4 + 2 + 32;
  const std::size_t suites = session_id + 1 + std::to_integer<std::size_t>(hello[session_id]);
  EXPECT_EQ(as_text(hello.subspan(suites, 6)), std::string_view("\x00\x04\x13\x01\x00\xff", 6));
}

TEST_F(TlsTest, AWrongSecretIsRefused) {
  auto token = invite();
  token.secret.bytes()[3] ^= std::byte{1};
  shake(keyless_context_, &token);
  EXPECT_FALSE(server_.tls->established());
  EXPECT_FALSE(client_.tls->established());
}

TEST_F(TlsTest, AnUnknownInvitationIsRefusedByBothEnds) {
  const auto token = *auth::make_token();
  shake(client_context_, &token);  // its key does not help it
  EXPECT_FALSE(server_.tls->established());
  EXPECT_FALSE(client_.tls->established());
  EXPECT_EQ(client_.error, "the server does not know this invitation: it showed a certificate instead");
  EXPECT_FALSE(client_judge_.seen);
}

// A server with a certificate and no pre-shared keys at all.
TEST_F(TlsTest, AnImpostorWithACertificateIsRefused) {
  SSL_CTX_set_psk_find_session_callback(server_context_.get(), nullptr);
  SSL_CTX_set_verify(server_context_.get(), SSL_VERIFY_NONE, nullptr);
  const auto token = *auth::make_token();
  shake(keyless_context_, &token);
  EXPECT_FALSE(client_.tls->established());
  EXPECT_EQ(client_.error, "the server does not know this invitation: it showed a certificate instead");
}

// The trap itself: with OpenSSL's default suites the key would be passed over without a word.
TEST_F(TlsTest, AServerThatPrefersAnotherSuiteStillUsesTheKey) {
  SSL_CTX_set_options(server_context_.get(), SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_ciphersuites(server_context_.get(), "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256");
  const auto token = invite();
  shake(keyless_context_, &token);
  EXPECT_TRUE(both_in());
}

TEST_F(TlsTest, ALookedUpInvitationIsNotYetAGuest) {
  const auto token = invite();
  server_ = {.tls = *Tls::server(server_context_, server_judge_)};
  client_ = {.tls = *Tls::client(keyless_context_, client_judge_, &token)};
  client_.begin();
  server_.take(std::exchange(client_.out, {}));
  EXPECT_FALSE(server_.tls->established());
  EXPECT_FALSE(server_.tls->invitation());
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

// --- tickets

TEST_F(TlsTest, ATicketBringsBackWhoWasThereAndItsClaims) {
  meet("the claims");
  for (int times = 0; times < 3; ++times) {
    come_back(server_context_);
    ASSERT_TRUE(both_in()) << server_.error << client_.error;
    EXPECT_TRUE(server_.tls->resumed());
    EXPECT_TRUE(client_.tls->resumed());
    EXPECT_EQ(server_judge_.claims, times == 0 ? "the claims" : "later claims");
    EXPECT_EQ(server_.tls->peer_key(), client_key_.public_key());
    EXPECT_EQ(client_.tls->peer_key(), server_key_.public_key());
    EXPECT_FALSE(server_.tls->invitation());
    give("later claims");
  }
}

TEST_F(TlsTest, NobodyGetsATicketWhoWasNotGivenOne) {
  shake(client_context_, nullptr);
  ASSERT_TRUE(server_.tls->send(as_bytes("a word"), server_.out));
  carry(server_, client_);
  EXPECT_EQ(as_text(client_.plain), "a word");
  EXPECT_FALSE(client_judge_.ticket);
  const auto token = invite();
  shake(client_context_, &token);
  ASSERT_TRUE(both_in());
  EXPECT_FALSE(client_judge_.ticket);
}

// Verification callbacks are skipped then; the judge is asked all the same.
TEST_F(TlsTest, AClientThatDoesNotAcceptTheServersKeyAnyMoreDoesNotComeBack) {
  meet();
  client_judge_.accept = false;
  come_back(server_context_);
  EXPECT_FALSE(client_.tls->established());
  EXPECT_EQ(client_.error, "its key is not accepted");
  EXPECT_EQ(client_judge_.seen, server_key_.public_key());
}

TEST_F(TlsTest, ATicketWhoseClaimsDoNotHoldIsPassedOver) {
  meet();
  server_judge_.ticket_holds = false;
  come_back(server_context_);
  EXPECT_EQ(server_judge_.claims, "who it is");
  expect_full();
}

// OpenSSL takes the session of a connection that was cut for spoilt.
TEST_F(TlsTest, ATicketOutlivesTheConnectionThatWasCut) {
  meet();
  client_ = {};
  server_ = {};
  come_back(server_context_);
  ASSERT_TRUE(both_in());
  EXPECT_TRUE(server_.tls->resumed());
  client_ = {};  // and that of an attempt
  come_back(server_context_);
  EXPECT_TRUE(both_in() && server_.tls->resumed());
}

TEST_F(TlsTest, AllContextsOfAServerTakeItsTickets) {
  meet();
  const auto other = *TlsContext::server(server_key_, ticket_keys_);
  come_back(other);
  ASSERT_TRUE(both_in());
  EXPECT_TRUE(server_.tls->resumed());
}

TEST_F(TlsTest, ATicketOfAnotherServerMeansNothing) {
  meet();
  // Even of one with the same key: after a restart, or on another machine.
  const auto other = *TlsContext::server(server_key_, *TicketKeys::make());
  come_back(other);
  EXPECT_EQ(server_judge_.claims, "");
  expect_full();
}

TEST_F(TlsTest, KeysOfTicketsChangeAndOldTicketsExpire) {
  meet();
  const auto first = client_judge_.ticket->copy();
  now_ += TicketKeys::kPeriod;
  meet();  // by a new key
  const auto second = client_judge_.ticket->copy();
  for (const auto* const ticket : {first.get(), second.get()}) {
    client_judge_.ticket = std::move(*ticket->copy());
    come_back(server_context_);
    ASSERT_TRUE(both_in());
    EXPECT_TRUE(server_.tls->resumed());
  }
  now_ += TicketKeys::kPeriod - std::chrono::seconds(1);
  client_judge_.ticket = std::move(*first->copy());
  come_back(server_context_);
  EXPECT_TRUE(both_in() && server_.tls->resumed());
  now_ += std::chrono::seconds(1);
  come_back(server_context_);
  EXPECT_EQ(server_judge_.claims, "");
  expect_full();
  client_judge_.ticket = std::move(*second->copy());
  come_back(server_context_);
  EXPECT_TRUE(both_in() && server_.tls->resumed());
}

// Any bit of the ticket itself, as it lies in the client's session (RFC 5077, 4).
TEST_F(TlsTest, AForgedTicketMeansNothing) {
  meet();
  const unsigned char* ticket = nullptr;
  std::size_t size = 0;
  SSL_SESSION_get0_ticket(client_judge_.ticket->get(), &ticket, &size);
  ASSERT_GT(size, 100U);
  const std::vector<unsigned char> whole(ticket, ticket + size);
  unsigned char* encoded = nullptr;
  const int encoded_size = i2d_SSL_SESSION(client_judge_.ticket->get(), &encoded);
  std::vector<unsigned char> session(encoded, encoded + encoded_size);
  OPENSSL_free(encoded);
  const auto found = std::ranges::search(session, whole);
  ASSERT_FALSE(found.empty());
  const auto at = static_cast<std::size_t>(found.begin() - session.begin());
  for (std::size_t i = 0; i < size; i += 7) {
    auto forged = session;
    forged[at + i] ^= 1U << (i % 8);
    const unsigned char* begin = forged.data();
    client_judge_.ticket = TlsTicket(d2i_SSL_SESSION(nullptr, &begin, static_cast<long>(forged.size())));
    ASSERT_TRUE(client_judge_.ticket->get());
    come_back(server_context_);
    EXPECT_EQ(server_judge_.claims, "") << i;
    expect_full();
  }
}

// The ticket alone, without the secret that the client has for it: what somebody has who listened.
TEST_F(TlsTest, AStolenTicketWithoutItsSecretOpensNothing) {
  meet();
  unsigned char secret[48];
  const std::size_t size = SSL_SESSION_get_master_key(client_judge_.ticket->get(), secret, sizeof secret);
  ASSERT_GT(size, 0U);
  secret[0] ^= 1;
  SSL_SESSION_set1_master_key(client_judge_.ticket->get(), secret, size);
  come_back(server_context_);
  EXPECT_FALSE(server_.tls->established());
  EXPECT_FALSE(client_.tls->established());
}

TEST_F(TlsTest, ThereIsNoEarlyData) {
  meet();
  EXPECT_EQ(SSL_SESSION_get_max_early_data(client_judge_.ticket->get()), 0U);
  EXPECT_EQ(SSL_CTX_get_max_early_data(server_context_.get()), 0U);

  // A client that sends some all the same: it is not handed out.
  SSL_SESSION_set_max_early_data(client_judge_.ticket->get(), 1000);
  SSL* const rash = SSL_new(client_context_.get());
  BIO* const said = BIO_new(BIO_s_mem());
  SSL_set_bio(rash, BIO_new(BIO_s_mem()), said);
  SSL_set_connect_state(rash);
  ASSERT_EQ(SSL_set_session(rash, client_judge_.ticket->get()), 1);
  std::size_t count = 0;
  ASSERT_EQ(SSL_write_early_data(rash, "early", 5, &count), 1);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(said, &bytes);
  server_ = {.tls = *Tls::server(server_context_, server_judge_)};
  server_.take(as_bytes({bytes, static_cast<std::size_t>(size)}));
  EXPECT_FALSE(server_.tls->established());
  EXPECT_TRUE(server_.plain.empty());
  SSL_free(rash);
}

TEST_F(TlsTest, AnInvitationIsUsedAndNotATicket) {
  meet();
  const auto token = invite();
  come_back(server_context_, &token);
  ASSERT_TRUE(both_in());
  EXPECT_EQ(server_.tls->invitation(), token.id);
  EXPECT_FALSE(server_.tls->resumed());
  EXPECT_EQ(server_judge_.claims, "");
}

TEST_F(TlsTest, AGuestsTicketThatWasNeverGivenCannotBeResumed) {
  const auto token = invite();
  shake(client_context_, &token);
  ASSERT_TRUE(both_in());
  client_judge_.ticket.reset();
  come_back(server_context_);
  expect_full();
}

// --- dialling out: a desk and a host that know each other by a token alone

class DialTest : public TlsTest {
 protected:
  TlsContext desk_context_ = *TlsContext::desk();
  TlsContext dialler_context_ = *TlsContext::dialler();

  void dial(const TlsContext& desk, const TlsContext& dialler, const auth::Token* token, std::size_t piece = 100'000) {
    server_ = {.tls = *Tls::server(desk, server_judge_)};
    client_ = {.tls = *Tls::client(dialler, client_judge_, token)};
    client_.begin();
    carry(client_, server_, piece);
  }
  bool one_in() const { return server_.tls->established() || client_.tls->established(); }
};

TEST_F(DialTest, TheTokenIsEnoughForBoth) {
  const auto token = invite();
  for (const std::size_t piece : {std::size_t{1}, std::size_t{100'000}}) {
    dial(desk_context_, dialler_context_, &token, piece);
    ASSERT_TRUE(both_in()) << server_.error << client_.error;
    EXPECT_EQ(server_.tls->invitation(), token.id);
    EXPECT_EQ(client_.tls->invitation(), token.id);
  }
}

TEST_F(DialTest, WithoutTheTokenNobodyIsIn) {
  const auto wrong = *auth::make_token();
  dial(desk_context_, dialler_context_, &wrong);
  EXPECT_FALSE(one_in());
  EXPECT_TRUE(client_.tls->peer_broke_off());
  auto right = invite();
  right.secret = wrong.secret.copy();
  dial(desk_context_, dialler_context_, &right);
  EXPECT_FALSE(one_in());
  dial(desk_context_, dialler_context_, nullptr);
  EXPECT_FALSE(one_in());
}

TEST_F(DialTest, AKeyOpensNothingAtEitherEnd) {
  dial(desk_context_, client_context_, nullptr);
  EXPECT_FALSE(one_in());
  const auto token = *auth::make_token();  // the other end does not know it, and shows its certificate
  dial(server_context_, dialler_context_, &token);
  EXPECT_FALSE(one_in());
}

TEST_F(DialTest, NoEndIsTakenForOneOfTheNativeDoor) {
  const auto token = invite();
  dial(desk_context_, keyless_context_, &token);
  EXPECT_FALSE(one_in());
  dial(server_context_, dialler_context_, &token);
  EXPECT_FALSE(one_in());
}

TEST_F(DialTest, EachHandshakeGivesBothEndsATokenOfItsOwn) {
  const auto token = invite();
  std::vector<std::vector<std::byte>> seen;
  for (int i = 0; i < 2; ++i) {
    dial(desk_context_, dialler_context_, &token);
    ASSERT_TRUE(both_in());
    const auto here = client_.tls->token_of_handshake(), there = server_.tls->token_of_handshake();
    ASSERT_TRUE(here && there);
    EXPECT_EQ(here->id, there->id);
    EXPECT_TRUE(std::ranges::equal(here->secret.bytes(), there->secret.bytes()));
    EXPECT_NE(here->id, token.id);
    for (const auto& earlier : seen) EXPECT_FALSE(std::ranges::equal(earlier, here->secret.bytes()));
    seen.emplace_back(here->secret.bytes().begin(), here->secret.bytes().end());
    // And it opens the next one.
    server_judge_.secrets.emplace(there->id, there->secret.copy());
    const auto back = auth::Token{.id = here->id, .secret = here->secret.copy()};
    dial(desk_context_, dialler_context_, &back);
    ASSERT_TRUE(both_in());
    EXPECT_EQ(server_.tls->invitation(), back.id);
  }
}

}  // namespace
}  // namespace farpty::net
