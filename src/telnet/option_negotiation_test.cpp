// The Q method, held to the tables of RFC 1143 section 7, and two ends of it against each other.
#include "telnet/option_negotiation.hpp"

#include <gtest/gtest.h>

#include <deque>

namespace farpty::telnet {
namespace {

using State = OptionNegotiation::State;
using enum OptionNegotiation::State;
constexpr auto kSilent = std::optional<Wish>{};
constexpr auto kSayOn = std::optional<Wish>{Wish::kOn};
constexpr auto kSayOff = std::optional<Wish>{Wish::kOff};

// Leads a fresh option to `state`.
OptionNegotiation in(State state) {
  OptionNegotiation option;
  if (state != kNo) (void)option.ask(Wish::kOn);
  if (state == kYes || state == kWantNo || state == kWantNoThenYes) (void)option.receive(Wish::kOn);
  if (state == kWantNo || state == kWantNoThenYes || state == kWantYesThenNo) (void)option.ask(Wish::kOff);
  if (state == kWantNoThenYes) (void)option.ask(Wish::kOn);
  EXPECT_EQ(option.state(), state);
  return option;
}

struct Row {
  State before;
  Wish wish;
  State after;
  std::optional<Wish> said;
};

TEST(OptionNegotiation, receives_as_rfc_1143_says) {
  const Row rows[] = {
      {kNo, Wish::kOn, kYes, kSayOn},
      {kNo, Wish::kOff, kNo, kSilent},
      {kYes, Wish::kOn, kYes, kSilent},
      {kYes, Wish::kOff, kNo, kSayOff},
      {kWantNo, Wish::kOn, kNo, kSilent},
      {kWantNo, Wish::kOff, kNo, kSilent},
      {kWantNoThenYes, Wish::kOn, kYes, kSilent},
      {kWantNoThenYes, Wish::kOff, kWantYes, kSayOn},
      {kWantYes, Wish::kOn, kYes, kSilent},
      {kWantYes, Wish::kOff, kNo, kSilent},
      {kWantYesThenNo, Wish::kOn, kWantNo, kSayOff},
      {kWantYesThenNo, Wish::kOff, kNo, kSilent},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(testing::Message() << static_cast<int>(row.before) << " " << static_cast<int>(row.wish));
    OptionNegotiation option = in(row.before);
    EXPECT_EQ(option.receive(row.wish), row.said);
    EXPECT_EQ(option.state(), row.after);
  }
}

TEST(OptionNegotiation, asks_as_rfc_1143_says) {
  const Row rows[] = {
      {kNo, Wish::kOn, kWantYes, kSayOn},
      {kNo, Wish::kOff, kNo, kSilent},
      {kYes, Wish::kOn, kYes, kSilent},
      {kYes, Wish::kOff, kWantNo, kSayOff},
      {kWantNo, Wish::kOn, kWantNoThenYes, kSilent},
      {kWantNo, Wish::kOff, kWantNo, kSilent},
      {kWantNoThenYes, Wish::kOn, kWantNoThenYes, kSilent},
      {kWantNoThenYes, Wish::kOff, kWantNo, kSilent},
      {kWantYes, Wish::kOn, kWantYes, kSilent},
      {kWantYes, Wish::kOff, kWantYesThenNo, kSilent},
      {kWantYesThenNo, Wish::kOn, kWantYes, kSilent},
      {kWantYesThenNo, Wish::kOff, kWantYesThenNo, kSilent},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(testing::Message() << static_cast<int>(row.before) << " " << static_cast<int>(row.wish));
    OptionNegotiation option = in(row.before);
    EXPECT_EQ(option.ask(row.wish), row.said);
    EXPECT_EQ(option.state(), row.after);
  }
}

// Every interleaving of up to eight steps (either end asks on or off, either line delivers one message) settles: no
// loop, and both ends agree in the end.
struct Pair {
  OptionNegotiation ends[2];
  std::deque<Wish> to[2];

  void say(int from, std::optional<Wish> wish) {
    if (wish) to[1 - from].push_back(*wish);
  }
  bool deliver(int end) {
    if (to[end].empty()) return false;
    const Wish wish = to[end].front();
    to[end].pop_front();
    say(end, ends[end].receive(wish));
    return true;
  }
  void step(int choice) {
    const int end = choice % 2;
    if (choice < 2) say(end, ends[end].ask(Wish::kOn));
    if (choice >= 2 && choice < 4) say(end, ends[end].ask(Wish::kOff));
    if (choice >= 4) deliver(end);
  }
  int settle() {
    int delivered = 0;
    while (delivered < 100 && (deliver(0) || deliver(1))) ++delivered;
    return delivered;
  }
};

void every_interleaving(const Pair& pair, int depth) {
  Pair settled = pair;
  ASSERT_LT(settled.settle(), 100) << "a loop";
  ASSERT_EQ(settled.ends[0].state(), settled.ends[1].state());
  ASSERT_TRUE(settled.ends[0].state() == kNo || settled.ends[0].state() == kYes);
  if (depth == 0) return;
  for (int choice = 0; choice < 6; ++choice) {
    Pair next = pair;
    next.step(choice);
    every_interleaving(next, depth - 1);
    if (testing::Test::HasFatalFailure()) return;
  }
}

TEST(OptionNegotiation, two_ends_always_settle_and_agree) { every_interleaving({}, 6); }

}  // namespace
}  // namespace farpty::telnet
