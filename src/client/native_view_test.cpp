#include "client/native_view.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace farpty::client {
namespace {

constexpr WindowSize kSmall{.columns = 40, .rows = 10}, kLarge{.columns = 100, .rows = 30};

class NativeViewTest : public testing::Test {
 protected:
  bool passes(std::string_view output) { return view_.passes(as_bytes(output)); }
  // As the client does it: written as it comes.
  bool change(const NativeView::Change& change) {
    written_ += change.output;
    return change.wants_snapshot;
  }
  NativeView view_;
  std::string written_;
};

TEST_F(NativeViewTest, WhoHasThePenGetsTheStreamWhateverTheSizes) {
  EXPECT_FALSE(change(view_.own_resized(kSmall)));
  EXPECT_FALSE(change(view_.pen(PenState::kHave)));
  EXPECT_FALSE(change(view_.far_resized(kLarge)));
  EXPECT_TRUE(passes("text"));
  EXPECT_FALSE(change(view_.own_resized(kLarge)));
  EXPECT_FALSE(view_.is_fitted());
  EXPECT_EQ(written_, "");
}

TEST_F(NativeViewTest, ALookerOfTheSameSizeGetsTheStream) {
  change(view_.own_resized(kSmall));
  change(view_.pen(PenState::kHaveNot));
  EXPECT_FALSE(change(view_.far_resized(kSmall)));
  EXPECT_TRUE(passes("text"));
  EXPECT_EQ(view_.paint(), "");
}

TEST_F(NativeViewTest, WhereThereIsNoTerminalItIsTheStream) {
  change(view_.pen(PenState::kHaveNot));
  EXPECT_FALSE(change(view_.far_resized(kSmall)));
  EXPECT_TRUE(passes("text"));
}

// Who comes anew is sent a snapshot anyhow.
TEST_F(NativeViewTest, AFreshLookerAsksForNothing) {
  change(view_.own_resized(kLarge));
  change(view_.pen(PenState::kHaveNot));
  EXPECT_FALSE(change(view_.far_resized(kSmall)));
  EXPECT_TRUE(view_.is_fitted());
  view_.redraws(kSmall);
  EXPECT_FALSE(passes("hello"));
  EXPECT_THAT(view_.paint(), testing::HasSubstr("hello"));
  EXPECT_EQ(view_.paint(), "");
}

TEST_F(NativeViewTest, WhenItStopsFittingItWaitsForASnapshot) {
  change(view_.own_resized(kSmall));
  change(view_.pen(PenState::kHaveNot));
  change(view_.far_resized(kSmall));
  EXPECT_TRUE(passes("old"));
  EXPECT_TRUE(change(view_.far_resized(kLarge)));
  EXPECT_FALSE(passes("unknown where"));
  EXPECT_EQ(view_.paint(), "");
  view_.redraws(kLarge);
  EXPECT_FALSE(passes("drawn"));
  const std::string painted = view_.paint();
  EXPECT_THAT(painted, testing::HasSubstr("drawn"));
  EXPECT_THAT(painted, testing::Not(testing::HasSubstr("unknown")));
}

TEST_F(NativeViewTest, ThePenThatIsLostMakesALooker) {
  change(view_.own_resized(kSmall));
  change(view_.pen(PenState::kHave));
  change(view_.far_resized(kSmall));
  EXPECT_TRUE(passes("mine"));
  EXPECT_FALSE(change(view_.pen(PenState::kHaveNot)));  // his size comes next
  EXPECT_TRUE(passes("still of my size"));
  EXPECT_TRUE(change(view_.far_resized(kLarge)));
  EXPECT_FALSE(passes("his"));
}

TEST_F(NativeViewTest, WhenItFitsAgainTheWholeScreenComesAndThenTheStream) {
  change(view_.own_resized(kSmall));
  change(view_.pen(PenState::kHaveNot));
  change(view_.far_resized(kLarge));
  view_.redraws(kLarge);
  EXPECT_FALSE(passes("kept"));
  EXPECT_FALSE(change(view_.own_resized(kLarge)));
  EXPECT_THAT(written_, testing::HasSubstr("kept"));
  EXPECT_TRUE(passes("more"));
  EXPECT_FALSE(view_.is_fitted());
}

// The pen is taken: until the session has this terminal's size, its stream is for another.
TEST_F(NativeViewTest, WhoTakesThePenIsShownTheFittedScreenUntilItFits) {
  change(view_.own_resized(kSmall));
  change(view_.pen(PenState::kHaveNot));
  change(view_.far_resized(kLarge));
  view_.redraws(kLarge);
  EXPECT_FALSE(passes("kept"));
  EXPECT_FALSE(change(view_.pen(PenState::kHave)));
  EXPECT_FALSE(passes("still large"));
  EXPECT_FALSE(change(view_.far_resized(kSmall)));
  EXPECT_TRUE(passes("small"));
}

// The snapshot that was asked for comes to a terminal that fits by then: it is passed on like all else.
TEST_F(NativeViewTest, WhatFitsAgainBeforeTheSnapshotCameIsDrawnByIt) {
  change(view_.own_resized(kSmall));
  change(view_.pen(PenState::kHaveNot));
  change(view_.far_resized(kSmall));
  EXPECT_TRUE(passes("old"));
  EXPECT_TRUE(change(view_.own_resized(kLarge)));
  EXPECT_FALSE(change(view_.own_resized(kSmall)));
  EXPECT_EQ(written_, "");
  view_.redraws(kSmall);
  EXPECT_TRUE(passes("drawn"));
}

}  // namespace
}  // namespace farpty::client
