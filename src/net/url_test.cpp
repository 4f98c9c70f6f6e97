#include "net/url.hpp"

#include <gtest/gtest.h>

namespace farpty::net {
namespace {

TEST(Url, RoundTrips) {
  for (const char* text : {"raw://127.0.0.1:7777", "telnet://[::1]:2323", "raw://localhost:0",
                           "raw+unix:///run/user/1000/farpty/shell", "telnet+unix:///tmp/t"}) {
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
