#include "auth/ticket.hpp"

#include <gtest/gtest.h>

#include "auth/key_file.hpp"

namespace farpty::auth {
namespace {

const std::string kWord = "AAAAC3NzaC1lZDI1NTE5AAAAIGsB1Q94YIGMSvKnq+YgcWbE2X6hOfs6h7oXQoIwEcXA";
constexpr Seconds kNow = 1'800'000'000;

std::optional<Seconds> no_zone(const CivilTime& /*time*/) { return std::nullopt; }

class TicketTest : public testing::Test {
 protected:
  // What authorized_keys says of the key from now on.
  void list(const std::string& options) {
    keys_ = parse_authorized_keys(options + (options.empty() ? "" : " ") + "ssh-ed25519 " + kWord + "\n", no_zone);
  }
  Result<Grants> judge(Coming coming, const std::string& from, Seconds now) {
    return admit(key_, coming, keys_, invitations_, IpAddress::parse(from), now);
  }
  // The key comes in with these options, and gets a ticket.
  Ticket enter(const std::string& options) {
    list(options);
    const auto grants = judge(Coming::kFirst, "192.0.2.1", kNow);
    EXPECT_TRUE(grants) << options;
    return {.identity = key_, .grants = *grants, .proved = kNow};
  }
  bool comes_back(const Ticket& ticket, const std::string& from = "192.0.2.1", Seconds now = kNow + 10) {
    return holds(ticket, judge(Coming::kAgain, from, now), now);
  }
  AuthorizedKeys keys_;
  Invitations invitations_;
  PublicKey key_ = *parse_key_word(kWord);
};

TEST_F(TicketTest, ComesBackAsItWas) {
  const InvitationId guest{.bytes = {std::byte{1}}};
  for (const Ticket& ticket :
       {Ticket{.identity = key_}, Ticket{.identity = guest, .grants = {.session = 7}, .proved = kNow},
        Ticket{.identity = key_,
               .grants =
                   {.command = "a \0 b", .terminal = Terminal::kRefused, .writing = Writing::kRefused, .expires = -1},
               .proved = kNow},
        Ticket{.identity = key_, .grants = {.command = ""}}}) {
    const auto bytes = encode_ticket(ticket);
    EXPECT_EQ(decode_ticket(bytes), ticket);
    const std::size_t fixed = 1 + 5 * 8 + encode_identity(ticket.identity).size();
    for (std::size_t size = 0; size < fixed; ++size) EXPECT_FALSE(decode_ticket(Bytes(bytes).first(size)));
    auto other = bytes;
    other[0] = std::byte{0x20};
    EXPECT_FALSE(decode_ticket(other));
  }
}

TEST_F(TicketTest, WhoMayDoTheSameComesBack) {
  for (const char* options : {"", "command=\"true\"", "read-only", "no-pty", "restrict", "from=\"192.0.2.0/24\"",
                              "expiry-time=\"20270115080100Z\""})
    EXPECT_TRUE(comes_back(enter(options))) << options;
}

// Each takes something away, or gives something, while the holder is not there.
TEST_F(TicketTest, WhoMayDoAnythingElseNowLogsInAnew) {
  const char* const options[] = {"",
                                 "command=\"true\"",
                                 "command=\"false\"",
                                 "read-only",
                                 "no-pty",
                                 "expiry-time=\"20270115080100Z\"",
                                 "expiry-time=\"20270115080200Z\""};
  for (const char* before : options)
    for (const char* after : options) {
      const auto ticket = enter(before);
      list(after);
      EXPECT_EQ(comes_back(ticket), before == after) << before << " / " << after;
    }
}

TEST_F(TicketTest, WhoMayNotComeDoesNotComeByATicket) {
  auto ticket = enter("");
  keys_ = {};  // taken off the list
  EXPECT_FALSE(comes_back(ticket));

  ticket = enter("from=\"192.0.2.1\"");
  EXPECT_TRUE(comes_back(ticket));
  EXPECT_FALSE(comes_back(ticket, "192.0.2.2"));

  ticket = enter("expiry-time=\"20270115080100Z\"");  // kNow + 60
  EXPECT_TRUE(comes_back(ticket, "192.0.2.1", kNow + 60));
  EXPECT_FALSE(comes_back(ticket, "192.0.2.1", kNow + 61));
}

TEST_F(TicketTest, AfterADayTheKeySignsAgain) {
  const auto ticket = enter("");
  EXPECT_TRUE(comes_back(ticket, "192.0.2.1", kNow + kLongestWithoutProof - 1));
  EXPECT_FALSE(comes_back(ticket, "192.0.2.1", kNow + kLongestWithoutProof));
  EXPECT_FALSE(comes_back(ticket, "192.0.2.1", kNow - 1));  // the clock was set back: nobody knows how long it was
}

}  // namespace
}  // namespace farpty::auth
