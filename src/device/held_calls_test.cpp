// Who is looked at, and when.
#include "device/held_calls.hpp"

#include <map>
#include <vector>

#include <gtest/gtest.h>

#include "device/fake_call.hpp"

namespace farpty::device {

namespace {

using Kind = Outcome::Kind;

class HeldCallsTest : public testing::Test {
 protected:
  std::shared_ptr<FakeCall> take(pid_t thread) {
    auto call = std::make_shared<FakeCall>(0, StoppedCall::Arguments{}, "", thread);
    calls_.take(call);
    return call;
  }
  void run() {
    context_.restart();
    context_.poll();
  }
  void run_one() {
    context_.restart();
    context_.run_one();
  }
  [[nodiscard]] std::vector<pid_t> looked() { return std::exchange(looked_, {}); }

  boost::asio::io_context context_{1};
  std::map<pid_t, Outcome> outcomes_;  // by thread; held for terminal 0 where it is not said
  std::optional<std::chrono::milliseconds> patience_;
  std::vector<pid_t> looked_;
  HeldCalls calls_{context_, [this](const std::shared_ptr<StoppedCall>& call, Patience& patience) {
                     looked_.push_back(call->thread);
                     if (patience_) patience.until = std::chrono::steady_clock::now() + *patience_;
                     const auto said = outcomes_.find(call->thread);
                     return said == outcomes_.end() ? Outcome{.kind = Kind::kHeld, .number = 0} : said->second;
                   }};
};

TEST_F(HeldCallsTest, what_is_done_is_not_kept) {
  outcomes_[1] = {};
  outcomes_[2] = {.kind = Kind::kReleased};
  take(1);
  take(2);
  EXPECT_EQ(calls_.count(), 0U);
}

TEST_F(HeldCallsTest, only_those_of_the_terminal_that_changed) {
  outcomes_[2] = {.kind = Kind::kHeld, .number = 7};
  take(1);
  take(2);
  static_cast<void>(looked());
  calls_.changed(7);
  EXPECT_TRUE(looked_.empty()) << "in the next round";
  run();
  EXPECT_EQ(looked(), std::vector<pid_t>{2});
}

TEST_F(HeldCallsTest, a_call_that_begins_anew_replaces_the_one_before) {
  const auto first = take(1);
  take(1);
  EXPECT_EQ(calls_.count(), 1U);
  static_cast<void>(looked());
  calls_.changed(0);
  run();
  EXPECT_EQ(looked(), std::vector<pid_t>{1});
}

TEST_F(HeldCallsTest, one_reader_for_a_line_in_the_order_of_their_coming) {
  for (const pid_t thread : {1, 2, 3}) take(thread);
  static_cast<void>(looked());
  for (const pid_t thread : {1, 2, 3}) outcomes_[thread] = {.kind = Kind::kReleased};
  calls_.changed(0);
  run();
  EXPECT_EQ(looked(), std::vector<pid_t>{1});
  EXPECT_EQ(calls_.count(), 2U);
  calls_.changed(0);
  run();
  EXPECT_EQ(looked(), std::vector<pid_t>{2});
}

TEST_F(HeldCallsTest, the_others_are_looked_at_again_should_the_first_have_died) {
  take(1);
  take(2);
  outcomes_[1] = outcomes_[2] = {.kind = Kind::kReleased};
  static_cast<void>(looked());
  calls_.changed(0);
  run();
  EXPECT_EQ(looked(), std::vector<pid_t>{1});
  run_one();  // waits for the timer
  EXPECT_EQ(looked(), std::vector<pid_t>{2});
}

TEST_F(HeldCallsTest, writers_do_not_wait_for_a_reader_to_fetch_its_line) {
  for (const pid_t thread : {2, 3}) outcomes_[thread] = {.kind = Kind::kHeld, .awaits = Outcome::Awaits::kOutput};
  for (const pid_t thread : {1, 2, 3}) take(thread);
  static_cast<void>(looked());
  outcomes_[1] = {.kind = Kind::kReleased};
  outcomes_[2] = outcomes_[3] = {};
  calls_.changed(0);
  run();
  EXPECT_EQ(looked(), (std::vector<pid_t>{1, 2, 3}));
  EXPECT_EQ(calls_.count(), 0U);
}

TEST_F(HeldCallsTest, those_whose_thread_is_gone_are_dropped) {
  const auto call = take(1);
  static_cast<void>(looked());
  call->gone = true;
  calls_.changed(0);
  run();
  EXPECT_TRUE(looked_.empty());
  EXPECT_EQ(calls_.count(), 0U);
}

TEST_F(HeldCallsTest, the_gone_make_room) {
  std::vector<std::shared_ptr<FakeCall>> all;
  for (pid_t thread = 1; thread <= 1000; ++thread) {
    all.push_back(take(thread));
    all.back()->gone = true;
  }
  EXPECT_LE(calls_.count(), 65U);
}

TEST_F(HeldCallsTest, there_is_a_bound) {
  std::vector<std::shared_ptr<FakeCall>> all;
  for (pid_t thread = 1; thread <= 5000; ++thread) all.push_back(take(thread));
  EXPECT_EQ(calls_.count(), 4096U);
  EXPECT_EQ(all.back()->answered, -EAGAIN);
}

TEST_F(HeldCallsTest, time_runs) {
  patience_ = std::chrono::milliseconds(1);
  take(1);
  EXPECT_EQ(looked(), std::vector<pid_t>{1});
  outcomes_[1] = {};
  run_one();
  EXPECT_EQ(looked(), std::vector<pid_t>{1});
  EXPECT_EQ(calls_.count(), 0U);
}

TEST_F(HeldCallsTest, at_the_end_all_are_looked_at) {
  take(1);
  static_cast<void>(looked());
  outcomes_[1] = {};
  calls_.look_at_all();
  EXPECT_EQ(looked(), std::vector<pid_t>{1});
}

}  // namespace

}  // namespace farpty::device
