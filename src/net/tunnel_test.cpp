#include "net/tunnel.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace farpty::net {
namespace {

using testing::HasSubstr;
using testing::Not;

Url target(std::string host = "desk.example.org", std::uint16_t port = 443) {
  return {.protocol = Protocol::kFarpty, .host = std::move(host), .port = port};
}

Tunnel by(const std::string& proxy) {
  auto found = Tunnel::find(target(), {.proxy = proxy, .except = {}});
  EXPECT_TRUE(found && *found) << proxy;
  return **found;
}

TEST(Tunnel, NoProxyIsNoTunnel) {
  EXPECT_FALSE(*Tunnel::find(target(), {}));
  for (const char* except : {"*", "desk.example.org", "example.org", ".example.org", "a,b, EXAMPLE.org"})
    EXPECT_FALSE(*Tunnel::find(target(), {.proxy = "http://p:1", .except = except})) << except;
  for (const char* except : {"", "desk", "ample.org", "a.desk.example.org", ",,", "org.", "**"})
    EXPECT_TRUE(*Tunnel::find(target(), {.proxy = "http://p:1", .except = except})) << except;
  EXPECT_FALSE(*Tunnel::find(target("::1"), {.proxy = "http://p:1", .except = "[::1]"}));
}

TEST(Tunnel, TheProxyIsWrittenInTheUsualWays) {
  for (const char* text : {"http://proxy:3128", "http://proxy:3128/", "proxy:3128", "HTTP://proxy:3128/x"})
    EXPECT_EQ(by(text).name(), "proxy:3128") << text;
  EXPECT_EQ(by("http://proxy").name(), "proxy:80");
  EXPECT_EQ(by("http://[::1]:3128").name(), "[::1]:3128");
  EXPECT_EQ(by("http://[::1]").name(), "[::1]:80");
  EXPECT_EQ(by("http://u:p@ss@proxy:1").name(), "proxy:1");
  for (const char* text : {"https://secret:word@proxy:1", "socks5://secret@proxy:1", "http://secret:%zz@proxy:1",
                           "http://secret@:1", "http://secret@proxy:0", "http://secret@pro xy:1",
                           "http://secret%0d%0a@proxy:1", "http://secret@proxy:x", "http://"}) {
    const auto found = Tunnel::find(target(), {.proxy = text, .except = {}});
    ASSERT_FALSE(found) << text;
    EXPECT_THAT(found.error().message(), Not(HasSubstr("secret"))) << text;
  }
}

TEST(Tunnel, WhatIsSaidToTheProxy) {
  const auto said = [](const std::string& proxy) { return std::string(as_text(by(proxy).request())); };
  EXPECT_EQ(said("http://proxy"), "CONNECT desk.example.org:443 HTTP/1.1\r\nHost: desk.example.org:443\r\n\r\n");
  // RFC 7617, 2
  EXPECT_EQ(said("http://Aladdin:open%20sesame@proxy"),
            "CONNECT desk.example.org:443 HTTP/1.1\r\nHost: desk.example.org:443\r\n"
            "Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n");
  const auto v6 = Tunnel::find(target("::1", 7022), {.proxy = "http://p", .except = {}});
  EXPECT_THAT(std::string(as_text((*v6)->request())), HasSubstr("CONNECT [::1]:7022 HTTP/1.1\r\n"));
}

TEST(Tunnel, WhatTheProxyAnswers) {
  const Tunnel tunnel = by("http://u:secret@proxy:3128");
  const std::string good = "HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n";
  for (std::size_t size = 0; size < good.size(); ++size) {
    const auto part = tunnel.understand(good.substr(0, size));
    ASSERT_TRUE(part) << size;
    EXPECT_FALSE(*part) << size;
  }
  EXPECT_TRUE(*tunnel.understand(good));
  EXPECT_TRUE(*tunnel.understand("HTTP/1.0 204\r\n\r\n"));
  EXPECT_FALSE(tunnel.understand(good + "x"));
  const auto refused = tunnel.understand("HTTP/1.1 407 Proxy Authentication Required\r\nX: y\r\n\r\n<html>");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().reason,
              HasSubstr("the proxy proxy:3128 answered 'HTTP/1.1 407 Proxy Authentication Required'"));
  EXPECT_THAT(refused.error().message(), Not(HasSubstr("secret")));
  for (const char* line : {"SSH-2.0-x", "HTTP/2 200", "HTTP/1.1 20\r\n\r\n", "HTTP/1.1  200\r\n\r\n",
                           "HTTP/1.1 2000\r\n\r\n", "HTTP/1.x 200\r\n\r\n", "HTTP/1.1 2x0 ok\r\n\r\n", "\r\n\r\n"})
    EXPECT_FALSE(tunnel.understand(line)) << line;
  EXPECT_TRUE(tunnel.understand("HTTP/1.1 200 " + std::string(100, 'x')));
  EXPECT_FALSE(tunnel.understand("HTTP/1.1 200 " + std::string(Tunnel::kMaxAnswer, 'x')));
  EXPECT_THAT(tunnel.understand("HTTP/1.1 500 \x1b[31m\r\n\r\n").error().reason, Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace farpty::net
