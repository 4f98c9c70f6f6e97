// Dialling out: a desk and a host that know each other by a token alone.
#include "net/tls_pair.hpp"

namespace farpty::net {
namespace {

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
  EXPECT_NE(server_.error.find("it has shown no token that is good here"), std::string::npos) << server_.error;
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
