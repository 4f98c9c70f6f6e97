#include "auth/admission.hpp"

#include <gtest/gtest.h>

#include "auth/key_file.hpp"

namespace farpty::auth {
namespace {

const std::string kWord = "AAAAC3NzaC1lZDI1NTE5AAAAIGsB1Q94YIGMSvKnq+YgcWbE2X6hOfs6h7oXQoIwEcXA";
constexpr Seconds kNow = 1'800'000'000;

std::optional<Seconds> no_zone(const CivilTime& /*time*/) { return std::nullopt; }

class AdmissionTest : public testing::Test {
 protected:
  void list(const std::string& options) {
    keys_ = parse_authorized_keys(options + (options.empty() ? "" : " ") + "ssh-ed25519 " + kWord + "\n", no_zone);
  }
  Result<Grants> come(const Identity& who, Coming coming, const std::string& from = "192.0.2.1", Seconds now = kNow) {
    return admit(who, coming, keys_, invitations_, IpAddress::parse(from), now);
  }
  AuthorizedKeys keys_;
  Invitations invitations_;
  PublicKey key_ = *parse_key_word(kWord);
};

TEST_F(AdmissionTest, AnIdentityComesBackFromATicket) {
  for (const Identity& identity : {Identity(key_), Identity(InvitationId{.bytes = {std::byte{1}, std::byte{2}}})}) {
    const auto bytes = encode_identity(identity);
    EXPECT_EQ(decode_identity(bytes), identity);
    for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(decode_identity(Bytes(bytes).first(size)));
    auto longer = bytes;
    longer.push_back(std::byte{});
    EXPECT_FALSE(decode_identity(longer));
    longer = bytes;
    longer[0] = std::byte{0x13};
    EXPECT_FALSE(decode_identity(longer));
  }
  EXPECT_EQ(text_of(Identity(key_)), "SHA256:VYu5x60HwY9yiNnCy49hMPZyrx0tQ/2nxGUkrjOggYU");
  EXPECT_EQ(text_of(Identity(InvitationId())), "invitation AAAAAAAAAAA");
}

// What held when the ticket was made does not matter: each of these takes the right away between the two visits.
TEST_F(AdmissionTest, WhoComesBackMayDoWhatHoldsNow) {
  list("");
  EXPECT_EQ(*come(key_, Coming::kFirst), Grants{});
  EXPECT_EQ(*come(key_, Coming::kAgain), Grants{});
  list("command=\"true\",read-only,no-pty");
  const auto grants = come(key_, Coming::kAgain);
  ASSERT_TRUE(grants);
  EXPECT_EQ(*grants, (Grants{.command = "true", .terminal = Terminal::kRefused, .writing = Writing::kRefused}));
  list("from=\"192.0.2.1\"");
  EXPECT_TRUE(come(key_, Coming::kAgain));
  EXPECT_FALSE(come(key_, Coming::kAgain, "192.0.2.2"));
  EXPECT_FALSE(come(key_, Coming::kAgain, "unix"));
  list("expiry-time=\"20270115080000Z\"");
  EXPECT_TRUE(come(key_, Coming::kAgain));
  EXPECT_FALSE(come(key_, Coming::kAgain, "192.0.2.1", kNow + 1));
  keys_ = {};
  EXPECT_FALSE(come(key_, Coming::kAgain));
}

TEST_F(AdmissionTest, AGuestComesBackUntilTheInvitationIsOver) {
  const auto token = invitations_.make({.expires = kNow + 10, .uses = Uses::kOnce, .writing = Writing::kRefused}, kNow);
  ASSERT_TRUE(token);
  ASSERT_TRUE(come(token->id, Coming::kFirst));
  EXPECT_FALSE(come(token->id, Coming::kFirst));  // spent
  const auto again = come(token->id, Coming::kAgain);
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, (Grants{.writing = Writing::kRefused, .expires = kNow + 10}));
  EXPECT_FALSE(come(token->id, Coming::kAgain, "192.0.2.1", kNow + 10));
  invitations_.revoke(token->id);
  EXPECT_FALSE(come(token->id, Coming::kAgain));
  EXPECT_FALSE(come(InvitationId{}, Coming::kFirst));
}

}  // namespace
}  // namespace farpty::auth
