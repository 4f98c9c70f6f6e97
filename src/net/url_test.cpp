#include "net/url.hpp"

#include <gtest/gtest.h>

namespace farpty::net {
namespace {

TEST(Url, RoundTrips) {
  for (const char* text :
       {"raw://127.0.0.1:7777", "telnet://[::1]:2323", "raw://localhost:0", "raw+unix:///run/user/1000/farpty/shell",
        "telnet+unix:///tmp/t", "farpty://ann@far:22", "farpty://[::1]:7022"}) {
    const auto url = parse_url(text);
    ASSERT_TRUE(url) << text << ": " << url.error().message();
    EXPECT_EQ(url->text(), text);
  }
}

TEST(Url, TelnetHasAPortOfItsOwn) {
  const auto url = parse_url("telnet://example.org");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->port, 23);
  EXPECT_FALSE(url->has_port);
}

TEST(Url, FarptyNamesAUserAndCarriesAToken) {
  const auto url = parse_url("farpty://ann@example.org@far.example.org:99/#abc-_");
  ASSERT_TRUE(url) << url.error().message();
  EXPECT_EQ(url->protocol, Protocol::kFarpty);
  EXPECT_EQ(url->user, "ann@example.org");
  EXPECT_EQ(url->host, "far.example.org");
  EXPECT_EQ(url->port, 99);
  EXPECT_EQ(as_text(url->token), "abc-_");
  EXPECT_EQ(url->text(), "farpty://ann@example.org@far.example.org:99");
  for (const char* text : {"farpty://far", "farpty://far/", "farpty://far#t", "farpty://far/#t"}) {
    const auto usual = parse_url(text);
    ASSERT_TRUE(usual) << text;
    EXPECT_EQ(usual->port, kFarptyPort);
    EXPECT_EQ(usual->user, "");
  }
}

TEST(Url, ATargetNeedsNoScheme) {
  const auto target = parse_target("ann@far");
  ASSERT_TRUE(target) << target.error().message();
  EXPECT_EQ(target->text(), "farpty://ann@far:7022");
  EXPECT_EQ(parse_target("[::1]:99")->text(), "farpty://[::1]:99");
  EXPECT_EQ(parse_target("telnet://far")->text(), "telnet://far:23");
  EXPECT_FALSE(parse_target(""));
  EXPECT_FALSE(parse_target("-oProxyCommand=x"));
}

TEST(Url, ATokenIsNeverShown) {
  for (const char* text : {"farpty://far:port/#geheim", "farpty://a b/#geheim", "farpty://far/x#geheim",
                           "http://far/#geheim", "raw://far:1/#geheim", "-l@far/#geheim"}) {
    const auto url = parse_target(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().message().find("geheim"), std::string::npos) << url.error().message();
  }
}

TEST(Url, SaysWhatIsWrong) {
  const std::pair<const char*, const char*> cases[] = {
      {"7777", "no scheme"},
      {"http://127.0.0.1:80", "'http' is no protocol of ours"},
      {"raw://127.0.0.1", "port is missing"},
      {"raw://:7777", "host is missing"},
      {"raw://127.0.0.1:", "is not a port"},
      {"raw://127.0.0.1:70000", "is not a port"},
      {"raw://127.0.0.1:7x", "is not a port"},
      {"raw://::1:7777", "needs brackets"},
      {"raw://[::1:7777", "']' is missing"},
      {"raw://[::1]7777", "only a port"},
      {"raw://-oProxyCommand=x:1", "not a name"},
      {"raw://$(id):1", "not a name"},
      {"raw://ann@far:1", "not a name"},
      {"farpty://-l@far", "not a user's name"},
      {"farpty://@far", "not a user's name"},
      {"farpty://ann@", "host is missing"},
      {"farpty://far/#", "nothing stands behind"},
      {"farpty://far/path", "not a name"},
      {"raw+unix://relative", "starts with '/'"},
  };
  for (const auto& [text, reason] : cases) {
    const auto url = parse_url(text);
    ASSERT_FALSE(url) << text;
    EXPECT_NE(url.error().message().find(reason), std::string::npos) << url.error().message();
  }
  EXPECT_FALSE(parse_url("raw+unix:///" + std::string(200, 'x')));
}

}  // namespace
}  // namespace farpty::net
