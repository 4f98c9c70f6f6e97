// Who comes back by a ticket (RFC 8446, 4.6.1), and who does not.
#include <openssl/ssl.h>

#include "net/tls_pair.hpp"

namespace farpty::net {
namespace {

using TlsTicketTest = TlsTest;

TEST_F(TlsTicketTest, ATicketBringsBackWhoWasThereAndItsClaims) {
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

TEST_F(TlsTicketTest, NobodyGetsATicketWhoWasNotGivenOne) {
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
TEST_F(TlsTicketTest, AClientThatDoesNotAcceptTheServersKeyAnyMoreDoesNotComeBack) {
  meet();
  client_judge_.accept = false;
  come_back(server_context_);
  EXPECT_FALSE(client_.tls->established());
  EXPECT_EQ(client_.error, "its key is not accepted");
  EXPECT_EQ(client_judge_.seen, server_key_.public_key());
}

TEST_F(TlsTicketTest, ATicketWhoseClaimsDoNotHoldIsPassedOver) {
  meet();
  server_judge_.ticket_holds = false;
  come_back(server_context_);
  EXPECT_EQ(server_judge_.claims, "who it is");
  expect_full();
}

// OpenSSL takes the session of a connection that was cut for spoilt.
TEST_F(TlsTicketTest, ATicketOutlivesTheConnectionThatWasCut) {
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

TEST_F(TlsTicketTest, AllContextsOfAServerTakeItsTickets) {
  meet();
  const auto other = *TlsContext::server(server_key_, ticket_keys_);
  come_back(other);
  ASSERT_TRUE(both_in());
  EXPECT_TRUE(server_.tls->resumed());
}

TEST_F(TlsTicketTest, ATicketOfAnotherServerMeansNothing) {
  meet();
  // Even of one with the same key: after a restart, or on another machine.
  const auto other = *TlsContext::server(server_key_, *TicketKeys::make());
  come_back(other);
  EXPECT_EQ(server_judge_.claims, "");
  expect_full();
}

TEST_F(TlsTicketTest, KeysOfTicketsChangeAndOldTicketsExpire) {
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
TEST_F(TlsTicketTest, AForgedTicketMeansNothing) {
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
TEST_F(TlsTicketTest, AStolenTicketWithoutItsSecretOpensNothing) {
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

TEST_F(TlsTicketTest, ThereIsNoEarlyData) {
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

TEST_F(TlsTicketTest, AnInvitationIsUsedAndNotATicket) {
  meet();
  const auto token = invite();
  come_back(server_context_, &token);
  ASSERT_TRUE(both_in());
  EXPECT_EQ(server_.tls->invitation(), token.id);
  EXPECT_FALSE(server_.tls->resumed());
  EXPECT_EQ(server_judge_.claims, "");
}

TEST_F(TlsTicketTest, AGuestsTicketThatWasNeverGivenCannotBeResumed) {
  const auto token = invite();
  shake(client_context_, &token);
  ASSERT_TRUE(both_in());
  client_judge_.ticket.reset();
  come_back(server_context_);
  expect_full();
}

}  // namespace
}  // namespace farpty::net
