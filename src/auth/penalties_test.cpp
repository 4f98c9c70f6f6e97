#include "auth/penalties.hpp"

#include <string>

#include <gtest/gtest.h>

namespace farpty::auth {
namespace {

IpAddress ip(const std::string& text) { return *IpAddress::parse(text); }

TEST(Penalties, OneMistakeCostsNothingManyCostMuch) {
  Penalties penalties;
  const auto source = ip("192.0.2.1");
  EXPECT_EQ(penalties.wait_of(source, 1000), 0);
  for (int i = 0; i < 3; ++i) penalties.punish(source, Offence::kFailed, 1000);
  EXPECT_EQ(penalties.wait_of(source, 1000), 0);  // 15 s are not more than the least
  penalties.punish(source, Offence::kFailed, 1000);
  EXPECT_EQ(penalties.wait_of(source, 1000), 20);
  EXPECT_EQ(penalties.wait_of(source, 1019), 1);
  EXPECT_EQ(penalties.wait_of(source, 1020), 0);
  EXPECT_EQ(penalties.wait_of(ip("192.0.2.2"), 1000), 0);
}

TEST(Penalties, AddUpToTheMost) {
  Penalties penalties;
  const auto source = ip("192.0.2.1");
  for (int i = 0; i < 1000; ++i) penalties.punish(source, Offence::kSilent, 50);
  EXPECT_EQ(penalties.wait_of(source, 50), Penalties::kMost);
  EXPECT_EQ(penalties.wait_of(source, 50 + Penalties::kMost), 0);
}

TEST(Penalties, AreForgottenWhenTheyAreOver) {
  Penalties penalties;
  const auto source = ip("192.0.2.1");
  for (int i = 0; i < 10; ++i) penalties.punish(source, Offence::kFailed, 0);
  penalties.punish(source, Offence::kFailed, 100);  // the old 50 s are over: it begins anew
  EXPECT_EQ(penalties.wait_of(source, 100), 0);
}

TEST(Penalties, AnIpv6SourceIsItsNetwork) {
  Penalties penalties;
  for (int i = 0; i < 10; ++i) penalties.punish(ip("2001:db8:0:1::" + std::to_string(i + 1)), Offence::kFailed, 0);
  EXPECT_EQ(penalties.size(), 1U);
  EXPECT_EQ(penalties.wait_of(ip("2001:db8:0:1:ffff::9"), 0), 50);
  EXPECT_EQ(penalties.wait_of(ip("2001:db8:0:2::1"), 0), 0);
  penalties.punish(ip("::ffff:192.0.2.1"), Offence::kFailed, 0);
  penalties.punish(ip("192.0.2.1"), Offence::kFailed, 0);
  EXPECT_EQ(penalties.size(), 2U);
}

TEST(Penalties, RememberABoundedNumber) {
  Penalties penalties(3);
  for (int i = 0; i < 10; ++i) penalties.punish(ip("192.0.2.1"), Offence::kFailed, 0);
  for (int i = 0; i < 10; ++i) penalties.punish(ip("192.0.2.2"), Offence::kSilent, 0);
  for (int i = 3; i < 100; ++i) penalties.punish(ip("192.0.2." + std::to_string(i)), Offence::kNoTry, 0);
  EXPECT_EQ(penalties.size(), 3U);
  EXPECT_EQ(penalties.wait_of(ip("192.0.2.1"), 0), 50);  // the worst are kept
  EXPECT_EQ(penalties.wait_of(ip("192.0.2.2"), 0), 100);
  penalties.punish(ip("192.0.2.100"), Offence::kNoTry, 200);
  EXPECT_EQ(penalties.size(), 1U);  // what is over goes first
}

}  // namespace
}  // namespace farpty::auth
