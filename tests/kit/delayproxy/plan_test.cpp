#include "plan.hpp"

#include <gtest/gtest.h>

namespace farpty::kit {
namespace {

using namespace std::chrono_literals;

TEST(Plan, ReadsTimesAndSizes) {
  EXPECT_EQ(*parse_time("20ms"), Time(20ms));
  EXPECT_EQ(*parse_time("20"), Time(20ms));
  EXPECT_EQ(*parse_time("1.5s"), Time(1500ms));
  EXPECT_EQ(*parse_time("300us"), Time(300us));
  EXPECT_EQ(*parse_size("64k"), 65536U);
  EXPECT_EQ(*parse_size("10M"), 10U << 20);
  for (const char* bad : {"", "x", "20 ms", "-1ms", "nan", "1h", "1e300"}) EXPECT_FALSE(parse_time(bad)) << bad;
  for (const char* bad : {"", "-1", "k", "1K", "1.5k", "99999999999999999999"}) EXPECT_FALSE(parse_size(bad)) << bad;
}

TEST(Plan, ReadsFaults) {
  const auto rule = parse_rule("2#down@1000=stall:200ms");
  ASSERT_TRUE(rule);
  EXPECT_EQ(rule->connection, 2U);
  EXPECT_EQ(rule->direction, Direction::kDown);
  EXPECT_EQ(rule->fault.offset, 1000U);
  EXPECT_EQ(rule->fault.action, Action::kStall);
  EXPECT_EQ(rule->fault.stall_for, Time(200ms));
  EXPECT_EQ(parse_rule("both~64k=reset")->fault.mean, 65536U);
  for (const char* bad :
       {"", "up", "up@", "up@1", "up@1=", "up@1=burn", "left@1=cut", "up~0=cut", "up=cut@1", "x#up@1=cut"})
    EXPECT_FALSE(parse_rule(bad)) << bad;
}

TEST(Plan, ChoosesTheFaultsOfAConnection) {
  Plan plan;
  plan.rules = {*parse_rule("2#up@1=cut"), *parse_rule("down@2=reset"), *parse_rule("both@3=stall")};
  EXPECT_EQ(plan.faults(1, Direction::kUp).size(), 1U);
  EXPECT_EQ(plan.faults(2, Direction::kUp).size(), 2U);
  EXPECT_EQ(plan.faults(2, Direction::kDown).size(), 2U);
}

TEST(Plan, ReadsCommands) {
  EXPECT_EQ(parse_command("stall")->stall_for, kNever);
  EXPECT_EQ(parse_command(" stall down 2s ")->stall_for, Time(2s));
  EXPECT_EQ(parse_command("stall down")->direction, Direction::kDown);
  EXPECT_EQ(parse_command("cut 3")->connection, 3U);
  EXPECT_EQ(parse_command("refuse on")->verb, Command::Verb::kRefuse);
  EXPECT_EQ(parse_command("refuse off")->verb, Command::Verb::kAccept);
  const auto shape = parse_command("delay up 30ms");
  ASSERT_TRUE(shape);
  Plan plan;
  ASSERT_TRUE(set_shape(plan, shape->direction, shape->key, shape->value));
  EXPECT_EQ(plan.up.delay, Time(30ms));
  EXPECT_EQ(plan.down.delay, Time(0));
  for (const char* bad :
       {"", "hold", "refuse", "refuse maybe", "delay", "delay up", "stall up 1s more", "rate down fast"})
    EXPECT_FALSE(parse_command(bad)) << bad;
}

}  // namespace
}  // namespace farpty::kit
