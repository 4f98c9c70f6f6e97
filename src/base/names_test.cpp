#include "base/names.hpp"

#include <string>

#include <gtest/gtest.h>

namespace farpty {
namespace {

TEST(Names, OfHosts) {
  for (const char* good :
       {"far", "far.example.org", "192.0.2.1", "::1", "fe80::1%eth0", "my_host", "xn--bcher-kva.example"})
    EXPECT_TRUE(is_host_name(good)) << good;
  for (const char* bad :
       {"", "-oProxyCommand=x", "a b", "a;b", "$(id)", "a`b", "a/b", "a@b", "b\xc3\xbc", "a\nb", "[::1]", "a'b", "*"})
    EXPECT_FALSE(is_host_name(bad)) << bad;
  EXPECT_TRUE(is_host_name(std::string(kMaxHostName, 'a')));
  EXPECT_FALSE(is_host_name(std::string(kMaxHostName + 1, 'a')));
  EXPECT_FALSE(is_host_name(std::string_view("a\0b", 3)));
}

TEST(Names, OfUsers) {
  for (const char* good : {"ann", "ann.lee", "_apt", "www-data", "ann@example.org", "a+b", "1000"})
    EXPECT_TRUE(is_user_name(good)) << good;
  for (const char* bad :
       {"", "-l", "a b", "a;b", "$(id)", "a|b", "a/b", "a:b", "\x1b[31m", "a\\b", "a\"b", "b\xc3\xbc"})
    EXPECT_FALSE(is_user_name(bad)) << bad;
  EXPECT_FALSE(is_user_name(std::string(kMaxUserName + 1, 'a')));
}

}  // namespace
}  // namespace farpty
