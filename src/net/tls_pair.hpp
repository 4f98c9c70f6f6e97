// What the tests of net/tls.hpp share: both ends of a handshake in memory, and a judge for each that says what a test wants.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/tls.hpp"

namespace farpty::net {

struct Judge final : TlsJudge {
  std::map<auth::InvitationId, auth::InvitationSecret> secrets;
  bool accept = true;
  std::optional<auth::PublicKey> seen;
  bool ticket_holds = true;
  std::string claims;                               // that a client came back with
  std::optional<TlsTicket> ticket;                  // that a server gave
  std::string words;                                // that a server says ahead
  std::vector<auth::InvitationId> asked_for_words;  // by which invitation

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
  std::vector<std::byte> ahead(const auth::InvitationId& id) override {
    asked_for_words.push_back(id);
    const Bytes bytes = as_bytes(words);
    return {bytes.begin(), bytes.end()};
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
inline void carry(End& a, End& b, std::size_t piece = 100'000) {
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

}  // namespace farpty::net
