#include "client/session_tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace farpty::client {
namespace {

control::Server example() {
  control::Server server{.pid = 100, .version = "0.1.0", .doors = {"raw://127.0.0.1:7777", "telnet://[::1]:2323"}};
  server.sessions.push_back({.id = 1,
                             .program = "/bin/bash",
                             .door = "telnet",
                             .peer = "127.0.0.1:50000",
                             .tty = "/dev/pts/3",
                             .columns = 80,
                             .rows = 24,
                             .age = 125,
                             .idle = 4,
                             .bytes_in = 12,
                             .bytes_out = 3 * 1024 + 512,
                             .leader = 101,
                             .groups = {{.pgrp = 101, .processes = {{.pid = 101, .state = "S", .command = "bash"}}},
                                        {.pgrp = 110,
                                         .foreground = true,
                                         .processes = {{.pid = 110, .state = "T", .command = "man"},
                                                       {.pid = 111, .state = "S", .command = "less"}}}}});
  server.sessions.push_back({.id = 2, .program = "cat", .tty = "pipes", .groups = {{.pgrp = 120}}});
  return server;
}

TEST(SessionTree, ShowsServersSessionsGroupsAndProcesses) {
  EXPECT_EQ(session_tree({example(), {.pid = 200, .version = "0.1.0"}}, Branches::kUnicode),
            "server 100, farpty 0.1.0: raw://127.0.0.1:7777 telnet://[::1]:2323\n"
            "├─ session 1: /bin/bash, telnet from 127.0.0.1:50000, /dev/pts/3 80x24, age 2m05s, idle 4s, 12 B in, 3.5 "
            "KiB out\n"
            "│  ├─ group 101\n"
            "│  │  └─ 101 S bash\n"
            "│  └─ group 110, foreground\n"
            "│     ├─ 110 T man\n"
            "│     └─ 111 S less\n"
            "└─ session 2: cat, hung up, pipes, age 0s, idle 0s, 0 B in, 0 B out\n"
            "   └─ group 120\n"
            "server 200, farpty 0.1.0\n");
}

TEST(SessionTree, InAsciiWhereTheTerminalHasNoOther) {
  const std::string tree = session_tree({example()}, Branches::kAscii);
  EXPECT_THAT(tree, testing::HasSubstr("|  `- group 110, foreground\n|     |- 110 T man\n"));
  for (const char c : tree) EXPECT_TRUE((c >= ' ' && c < 0x7f) || c == '\n');
}

TEST(SessionTree, HostileNamesStayNames) {
  control::Server server = example();
  server.version = "\x1b]0;owned\a";
  server.doors = {"raw://\n\x9b"};
  auto& session = server.sessions[0];
  session.program = session.peer = session.door = session.tty = "x\x1b[2J\r\ny";
  session.groups[0].processes[0] = {.pid = 1, .state = "\x1b[S", .command = "\xff\x00\x1b"};
  const std::string tree = session_tree({server}, Branches::kAscii);
  for (const char c : tree) EXPECT_TRUE((c >= ' ' && c < 0x7f) || c == '\n');
  EXPECT_EQ(std::ranges::count(tree, '\n'), 9);
  session.program = std::string(100'000, 'x');
  EXPECT_LT(session_tree({server}, Branches::kAscii).size(), 3000U);
}

TEST(SessionTree, TimesAndSizesAreShort) {
  EXPECT_EQ(short_time(59), "59s");
  EXPECT_EQ(short_time(60), "1m00s");
  EXPECT_EQ(short_time(3599), "59m59s");
  EXPECT_EQ(short_time(86399), "23h59m");
  EXPECT_EQ(short_time(90000), "1d01h");
  EXPECT_EQ(short_size(1023), "1023 B");
  EXPECT_EQ(short_size(1024), "1.0 KiB");
  EXPECT_EQ(short_size(200 * 1024), "200 KiB");
  EXPECT_EQ(short_size(~0ULL), "16.0 EiB");
}

}  // namespace
}  // namespace farpty::client
