#include "client/session_name.hpp"

#include <gtest/gtest.h>

namespace farpty::client {
namespace {

std::string found(std::string_view text, const std::vector<control::Server>& servers) {
  const auto name = parse_session_name(text);
  if (!name) return name.error().message();
  const auto target = find_session(*name, servers);
  return target ? std::to_string(target->server) + "." + std::to_string(target->session) : target.error().message();
}

const std::vector<control::Server> kTwo = {{.pid = 100, .sessions = {{.id = 1}, {.id = 2}}},
                                           {.pid = 200, .sessions = {{.id = 1}}}};

TEST(SessionName, ANumberWillDoWhereOnlyOneServerHasIt) {
  EXPECT_EQ(found("2", kTwo), "100.2");
  EXPECT_EQ(found("200.1", kTwo), "200.1");
  EXPECT_EQ(found("1", kTwo), "cannot end session 1: several servers have one of that number (write 100.1 or 200.1)");
}

TEST(SessionName, AHostThatDialledInIsNamedAsASessionIs) {
  const std::vector<control::Server> servers = {{.pid = 100, .sessions = {{.id = 1}}},
                                                {.pid = 300, .hosts = {{.id = 1}, {.id = 4}}}};
  EXPECT_EQ(found("4", servers), "300.4");
  EXPECT_EQ(found("300.1", servers), "300.1");
  EXPECT_EQ(found("1", servers),
            "cannot end session 1: several servers have one of that number (write 100.1 or 300.1)");
}

TEST(SessionName, SaysWhatThereIsNot) {
  EXPECT_EQ(found("7", kTwo), "cannot end session 7: there is no such session (farpty ps shows what runs)");
  EXPECT_EQ(found("200.2", kTwo), "cannot end session 200.2: there is no such session (farpty ps shows what runs)");
  EXPECT_EQ(found("300.1", kTwo), "cannot end session 300.1: there is no server 300 (farpty ps shows what runs)");
  EXPECT_EQ(found("1", {}), "cannot end session 1: there is no such session (farpty ps shows what runs)");
}

TEST(SessionName, WhatIsNoneIsRefused) {
  for (const char* text : {"", ".", "1.", ".1", "-1", "1.-1", "0.1", "x", "1x", "1.2.3", " 1", "99999999999999999999"})
    EXPECT_FALSE(parse_session_name(text)) << text;
  EXPECT_EQ(
      parse_session_name("\x1b[2J").error().message(),
      "cannot understand '\\x1b[2J': it does not name a session (write its number, or the server's and its own like "
      "4711.3)");
}

}  // namespace
}  // namespace farpty::client
