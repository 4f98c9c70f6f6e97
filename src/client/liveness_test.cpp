#include "client/liveness.hpp"

#include <gtest/gtest.h>

namespace farpty::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Input = Liveness::Input;
using Line = Liveness::Line;

class LivenessTest : public testing::Test {
 protected:
  Liveness::Advice look(Line line = Line::kUp, Input input = Input::kAnswered) {
    return liveness.look(now, line, input);
  }

  Liveness::Time now{std::chrono::hours(1)};
  Liveness liveness{now};
};

TEST_F(LivenessTest, AQuietLineIsAskedOnceAndThenTakenForDead) {
  now += seconds(5);
  EXPECT_FALSE(look().ask);
  now += seconds(1);
  EXPECT_TRUE(look().ask);
  now += seconds(1);
  const auto second = look();
  EXPECT_FALSE(second.ask);
  EXPECT_FALSE(second.dial);
  EXPECT_FALSE(second.silent);
  now += seconds(4);
  const auto dead = look();
  EXPECT_TRUE(dead.dial);
  ASSERT_TRUE(dead.silent);
  EXPECT_EQ(*dead.silent, seconds(11));
}

TEST_F(LivenessTest, ALineOfAnotherNetworkIsAskedAtOnceAndHasLessTime) {
  now += seconds(1);
  liveness.heard(now);
  now += seconds(1);
  liveness.network_changed(now);
  EXPECT_TRUE(look().ask);
  liveness.network_changed(now);  // a change seldom comes alone
  EXPECT_FALSE(look().ask);
  EXPECT_FALSE(look().dial);
  now += milliseconds(1001);
  EXPECT_TRUE(look().dial);
}

TEST_F(LivenessTest, ALineThatAnswersAfterAChangeIsKept) {
  liveness.network_changed(now);
  EXPECT_TRUE(look().ask);
  now += milliseconds(300);
  liveness.heard(now);
  for (int second = 0; second < 5; ++second, now += seconds(1)) {
    EXPECT_FALSE(look().ask);
    EXPECT_FALSE(look().dial);
  }
}

TEST_F(LivenessTest, AnAnswerMakesItWell) {
  now += seconds(6);
  EXPECT_TRUE(look().ask);
  liveness.heard(now += seconds(1));
  EXPECT_FALSE(look().dial);
  now += seconds(6);
  EXPECT_TRUE(look().ask);
}

TEST_F(LivenessTest, WhatWasTypedAndNotAnsweredMakesItAskEarlier) {
  now += seconds(10);
  liveness.heard(now);
  liveness.typed(now);
  now += seconds(2) + milliseconds(1);
  EXPECT_FALSE(look(Line::kUp, Input::kAnswered).ask);
  EXPECT_TRUE(look(Line::kUp, Input::kUnanswered).ask);
}

TEST_F(LivenessTest, WhileTheLineIsDownAnAttemptStartsEachSecond) {
  EXPECT_TRUE(liveness.dial_at_once(now));
  EXPECT_FALSE(look(Line::kDown).dial);
  now += seconds(1);
  EXPECT_TRUE(look(Line::kDown).dial);
  EXPECT_FALSE(look(Line::kDown).silent);
  now += seconds(3);
  EXPECT_TRUE(look(Line::kDown).silent);
}

TEST_F(LivenessTest, AFreshLineIsNotAskedForWhatTheOldOneOwed) {
  now += seconds(6);
  EXPECT_TRUE(look().ask);
  liveness.connected(now += seconds(1));
  now += seconds(5);
  EXPECT_FALSE(look().dial);
}

}  // namespace
}  // namespace farpty::client
