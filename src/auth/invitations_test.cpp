#include "auth/invitations.hpp"

#include <algorithm>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace farpty::auth {
namespace {

using testing::HasSubstr;

TEST(Token, TextAndBack) {
  const auto token = make_token();
  ASSERT_TRUE(token);
  const SecretBytes text = token_text(*token);
  EXPECT_EQ(text.size(), kTokenLength);
  const auto again = parse_token(as_text(text));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->id, token->id);
  EXPECT_TRUE(again->secret.equals(token->secret));
  EXPECT_EQ(InvitationId::parse(token->id.text()), token->id);
  EXPECT_EQ(InvitationId::parse_psk_identity(as_bytes(token->id.psk_identity())), token->id);
  // What travels in clear holds nothing of the secret.
  EXPECT_EQ(token->id.psk_identity().size(), 7U + 11U);
  EXPECT_EQ(as_text(text).substr(0, 10), token->id.text().substr(0, 10));
}

TEST(Token, NoTwoAreAlike) {
  const auto one = make_token(), two = make_token();
  ASSERT_TRUE(one && two);
  EXPECT_NE(one->id, two->id);
  EXPECT_FALSE(one->secret.equals(two->secret));
}

TEST(Token, WhatIsNoneIsNotQuoted) {
  for (const std::string& text :
       {std::string(), std::string("geheim"), std::string(31, 'A'), std::string(33, 'A'), std::string(31, 'A') + "=",
        std::string(31, 'A') + " ", std::string(1'000'000, 'A'), std::string(32, '\0')}) {
    const auto token = parse_token(text);
    ASSERT_FALSE(token);
    EXPECT_LT(token.error().message().size(), 200U);
    EXPECT_EQ(token.error().message().find("geheim"), std::string::npos);
  }
  for (const char* identity :
       {"", "farpty:", "farpty:AAAAAAAAAA", "farpty:AAAAAAAAAAAA", "farpty:AAAAAAAAAAB", "Farpty:AAAAAAAAAAA"})
    EXPECT_FALSE(InvitationId::parse_psk_identity(as_bytes(identity))) << identity;
}

TEST(Secret, IsGoneAfterItMoved) {
  auto token = make_token();
  ASSERT_TRUE(token);
  const InvitationSecret copy = token->secret.copy();
  InvitationSecret taken = std::move(token->secret);
  EXPECT_TRUE(taken.equals(copy));
  EXPECT_TRUE(token->secret.equals(InvitationSecret()));  // NOLINT(bugprone-use-after-move): that is the question
}

class InvitationsTest : public testing::Test {
 protected:
  InvitationId invite(InvitationTerms terms) { return store_.make(terms, 100)->id; }
  std::string refusal(const InvitationId& id, Seconds now) {
    const auto grants = store_.enter(id, now);
    return grants ? "in" : grants.error().reason;
  }
  Invitations store_;
};

TEST_F(InvitationsTest, LetTheirGuestsIn) {
  const auto token = store_.make({.expires = 200, .writing = Writing::kRefused, .session = 3}, 100);
  ASSERT_TRUE(token);
  const InvitationSecret* secret = store_.secret_of(token->id, 150);
  ASSERT_NE(secret, nullptr);
  EXPECT_TRUE(secret->equals(token->secret));
  const auto grants = store_.enter(token->id, 150);
  ASSERT_TRUE(grants);
  EXPECT_EQ(*grants, (Grants{.writing = Writing::kRefused, .expires = 200, .session = 3}));
  EXPECT_EQ(refusal(token->id, 199), "in");  // not for once
}

TEST_F(InvitationsTest, OnceIsOnceAndLookingSpendsNothing) {
  const auto id = invite({.expires = 200, .uses = Uses::kOnce});
  EXPECT_NE(store_.secret_of(id, 150), nullptr);
  EXPECT_NE(store_.secret_of(id, 150), nullptr);
  EXPECT_EQ(refusal(id, 150), "in");
  EXPECT_EQ(store_.secret_of(id, 150), nullptr);
  EXPECT_THAT(refusal(id, 150), HasSubstr("was for once"));
  EXPECT_TRUE(store_.still_granted(id, 150));
  EXPECT_FALSE(store_.still_granted(id, 200));
  ASSERT_EQ(store_.list(150).size(), 1U);
  EXPECT_TRUE(store_.list(150)[0].spent);
}

TEST_F(InvitationsTest, TheirTimeEnds) {
  const auto id = invite({.expires = 200});
  EXPECT_EQ(refusal(id, 199), "in");
  EXPECT_EQ(store_.secret_of(id, 200), nullptr);
  EXPECT_EQ(refusal(id, 200), "its time is over");
  EXPECT_TRUE(store_.list(200).empty());
  store_.forget_expired(200);
  EXPECT_EQ(refusal(id, 199), "there is no such invitation");
  EXPECT_FALSE(store_.make({.expires = 100}, 100));
}

TEST_F(InvitationsTest, WhoIsInStaysInWhereOnlyTheEnteringHadATime) {
  const auto id = invite({.expires = kNever, .enter_by = 160, .uses = Uses::kOnce});
  const auto late = invite({.expires = kNever, .enter_by = 160});
  const auto grants = store_.enter(id, 159);
  ASSERT_TRUE(grants);
  EXPECT_FALSE(grants->expires);
  store_.forget_expired(160);
  EXPECT_TRUE(store_.still_granted(id, 1'000'000));
  EXPECT_EQ(store_.secret_of(late, 160), nullptr);
  EXPECT_EQ(refusal(late, 150), "there is no such invitation");  // forgotten
  const auto other = invite({.expires = kNever, .enter_by = 160});
  EXPECT_EQ(refusal(other, 160), "it was not used in time");
}

TEST_F(InvitationsTest, ACredentialGoesBackToItsInvitation) {
  const auto id = invite({.expires = 200});
  const auto credential = invite({.expires = 200, .session = 3, .of = id});
  EXPECT_EQ(store_.original(credential), id);
  EXPECT_EQ(store_.original(id), id);
}

TEST_F(InvitationsTest, AreRevokedOneByOneOrWithTheirSession) {
  const auto one = invite({.expires = 200}), two = invite({.expires = 200, .session = 7}),
             three = invite({.expires = 200, .session = 8});
  EXPECT_TRUE(store_.revoke(one));
  EXPECT_FALSE(store_.revoke(one));
  EXPECT_FALSE(store_.still_granted(one, 150));
  store_.revoke_session(7);
  EXPECT_EQ(store_.secret_of(two, 150), nullptr);
  EXPECT_EQ(refusal(three, 150), "in");
}

TEST_F(InvitationsTest, TheirNumberIsBounded) {
  for (std::size_t i = 0; i < Invitations::kMost; ++i) ASSERT_TRUE(store_.make({.expires = 200}, 100));
  EXPECT_THAT(store_.make({.expires = 300}, 100).error().message(), HasSubstr("too many"));
  EXPECT_TRUE(store_.make({.expires = 300}, 200));  // the others are over
}

TEST_F(InvitationsTest, ATokenOfElsewhereIsKeptUnderItsTerms) {
  const auto token = *make_token();
  ASSERT_TRUE(store_.adopt(token, {.expires = kNever}, 100));
  ASSERT_NE(store_.secret_of(token.id, 150), nullptr);
  EXPECT_TRUE(std::ranges::equal(store_.secret_of(token.id, 150)->bytes(), token.secret.bytes()));
  EXPECT_EQ(store_.still_granted(token.id, 150)->session, std::nullopt);
  ASSERT_TRUE(store_.adopt(token, {.expires = 200, .session = 4}, 100));  // in place of the former
  EXPECT_EQ(store_.still_granted(token.id, 150)->session, 4U);
  EXPECT_EQ(store_.secret_of(token.id, 200), nullptr);
}

}  // namespace
}  // namespace farpty::auth
