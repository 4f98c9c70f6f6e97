#include "base/timer.hpp"

#include <memory>
#include <string>

#include <gtest/gtest.h>

namespace farpty {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

TEST(Timer, RunsItsFunctionOnce) {
  boost::asio::io_context context;
  Timer timer(context);
  int runs = 0;
  timer.run_after(seconds(0), [&] { ++runs; });
  EXPECT_TRUE(timer.is_set());
  context.run();
  EXPECT_EQ(runs, 1);
  EXPECT_FALSE(timer.is_set());
}

TEST(Timer, TheLastSettingCounts) {
  boost::asio::io_context context;
  Timer timer(context);
  std::string seen;
  timer.run_after(hours(1), [&] { seen += "first"; });
  timer.run_after(seconds(0), [&] { seen += "last"; });
  context.run();
  EXPECT_EQ(seen, "last");
}

TEST(Timer, TheFunctionMaySetItAgainOrDestroyIt) {
  boost::asio::io_context context;
  auto timer = std::make_unique<Timer>(context);
  int runs = 0;
  timer->run_after(seconds(0), [&] {
    ++runs;
    timer->run_after(seconds(0), [&] {
      ++runs;
      timer.reset();
    });
  });
  context.run();
  EXPECT_EQ(runs, 2);
}

// Two timers that the loop finds due at one look: both handlers are in its queue when the first runs.
class TimerThatIsDueTest : public testing::Test {
 protected:
  TimerThatIsDueTest() {
    timer_->run_at(Timer::Clock::now() - seconds(1), [this] { seen_ += "late"; });
  }

  void before_it(std::function<void()> then) {
    earlier_.run_at(Timer::Clock::now() - seconds(2), std::move(then));
    context_.run();
  }

  boost::asio::io_context context_;
  std::unique_ptr<Timer> timer_ = std::make_unique<Timer>(context_);
  Timer earlier_{context_};
  std::string seen_;
};

TEST_F(TimerThatIsDueTest, Runs) {
  before_it([this] { seen_ += "early "; });
  EXPECT_EQ(seen_, "early late");
}

TEST_F(TimerThatIsDueTest, CanBeCancelled) {
  before_it([this] { timer_->cancel(); });
  EXPECT_EQ(seen_, "");
}

TEST_F(TimerThatIsDueTest, CanBeDestroyed) {
  before_it([this] { timer_.reset(); });
  EXPECT_EQ(seen_, "");
}

TEST_F(TimerThatIsDueTest, CanBeSetAnew) {
  before_it([this] { timer_->run_after(seconds(0), [this] { seen_ += "anew"; }); });
  EXPECT_EQ(seen_, "anew");
}

}  // namespace
}  // namespace farpty
