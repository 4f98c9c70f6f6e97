#include "control/messages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace farpty::control {
namespace {

using testing::HasSubstr;
using testing::Not;

Server example() {
  return {.pid = 4711,
          .version = "0.1.0",
          .doors = {"raw://127.0.0.1:7777"},
          .sessions = {{.id = 3,
                        .program = "/bin/bash",
                        .door = "raw",
                        .peer = "127.0.0.1:50000",
                        .tty = "/dev/pts/3",
                        .columns = 80,
                        .rows = 24,
                        .age = 90,
                        .idle = 5,
                        .bytes_in = 12,
                        .bytes_out = 1ULL << 40,
                        .leader = 4712,
                        .groups = {{.pgrp = 4712,
                                    .foreground = true,
                                    .processes = {{.pid = 4712, .parent = 4711, .state = "S", .command = "bash"}}}}}}};
}

TEST(Messages, RequestsComeBackAsTheyWere) {
  const auto list = decode_request(encode(Request(ListRequest{})));
  ASSERT_TRUE(list);
  EXPECT_TRUE(std::holds_alternative<ListRequest>(*list));
  const auto kill = decode_request(encode(Request(KillRequest{.session = 4'000'000'000})));
  ASSERT_TRUE(kill);
  EXPECT_EQ(std::get<KillRequest>(*kill).session, 4'000'000'000U);
}

TEST(Messages, AnInvitationIsAskedForAndGiven) {
  const InviteRequest wanted{.read_only = true, .once = true, .expires = 600, .enter_within = 60, .session = "work"};
  const auto back = decode_request(encode(Request(wanted)));
  ASSERT_TRUE(back);
  const auto& got = std::get<InviteRequest>(*back);
  EXPECT_TRUE(got.read_only && got.once);
  EXPECT_EQ(got.expires, 600U);
  EXPECT_EQ(got.enter_within, 60U);
  EXPECT_EQ(got.session, "work");
  EXPECT_FALSE(std::get<InviteRequest>(*decode_request(R"({"request":"invite"})")).once);
  for (const char* member : {R"("once":1)", R"("expires":-1)", R"("expires":4294967296)", R"("session":[])"})
    EXPECT_FALSE(decode_request(std::string(R"({"request":"invite",)") + member + "}")) << member;
  EXPECT_EQ(*decode_invited(R"({"token":"abc"})"), "abc");
  EXPECT_FALSE(decode_invited(R"({"token":7})"));
}

TEST(Messages, WhatIsNoRequestIsSaidToBeNone) {
  for (const char* line :
       {"", "{", "[]", "7", "null", "{}", R"({"request":7})", R"({"request":"list"} more)", "\xff\xfe"})
    EXPECT_EQ(decode_request(line).error().message(),
              "cannot understand the request: it is no JSON object with a \"request\"")
        << line;
  EXPECT_THAT(decode_request(R"({"request":"stop"})").error().message(), HasSubstr("no such one"));
  for (const char* session : {"-1", "\"3\"", "1.5", "4294967296", "1e400", "[]", "null"})
    EXPECT_FALSE(decode_request(R"({"request":"kill","session":)" + std::string(session) + "}")) << session;
  EXPECT_FALSE(decode_request(R"({"request":"kill"})"));
  EXPECT_FALSE(decode_request(std::string(kMaxRequest, '[')));
}

TEST(Messages, AServerComesBackAsItWas) {
  const std::string line = encode(example());
  EXPECT_EQ(std::ranges::count(line, '\n'), 1);
  EXPECT_TRUE(line.ends_with('\n'));
  const auto server = decode_server(line);
  ASSERT_TRUE(server) << server.error().message();
  EXPECT_EQ(encode(*server), line);
  EXPECT_EQ(server->sessions.at(0).bytes_out, 1ULL << 40);
  EXPECT_EQ(server->sessions.at(0).groups.at(0).processes.at(0).command, "bash");
}

TEST(Messages, AListenerComesBackWithItsHosts) {
  Server listener{.pid = 7, .version = "1", .listener = "farpty://127.0.0.1:7022"};
  listener.hosts.push_back({.id = 2, .peer = "127.0.0.1:5000", .state = "away", .age = 9});
  const auto server = decode_server(encode(listener));
  ASSERT_TRUE(server) << server.error().message();
  EXPECT_EQ(server->listener, listener.listener);
  ASSERT_EQ(server->hosts.size(), 1U);
  EXPECT_EQ(server->hosts[0].id, 2U);
  EXPECT_EQ(server->hosts[0].peer, "127.0.0.1:5000");
  EXPECT_EQ(server->hosts[0].state, "away");
  EXPECT_EQ(server->hosts[0].age, 9U);
  EXPECT_EQ(encode(*server), encode(listener));
}

TEST(Messages, ALineToAHost) {
  const auto any = decode_request(R"({"request":"attach"})");
  ASSERT_TRUE(any);
  EXPECT_EQ(std::get<AttachRequest>(*any).host, 0U);
  const auto line = encode(AttachRequest{.host = 3});
  const auto third = decode_request(std::string_view(line).substr(0, line.size() - 1));
  ASSERT_TRUE(third);
  EXPECT_EQ(std::get<AttachRequest>(*third).host, 3U);
  EXPECT_FALSE(decode_request(R"({"request":"attach","host":-1})"));
  EXPECT_FALSE(decode_request(R"({"request":"attach","host":"3"})"));
  EXPECT_EQ(*decode_attached(R"({"attached":3})"), 3U);
  EXPECT_FALSE(decode_attached(R"({"attached":"3"})"));
  EXPECT_EQ(decode_attached(encode_error("gone")).error().message(), "the server: gone");
}

TEST(Messages, BytesThatAreNoTextDoNoHarm) {
  Server server = example();
  server.sessions[0].groups[0].processes[0].command = "\x1b[31m\xff\xc3(\n";
  const std::string line = encode(server);
  EXPECT_EQ(std::ranges::count(line, '\n'), 1);
  EXPECT_THAT(line, Not(HasSubstr("\x1b")));
  EXPECT_TRUE(decode_server(line));
  EXPECT_THAT(to_json({server}), Not(HasSubstr("\x1b")));
}

TEST(Messages, TheServersErrorIsTheError) {
  EXPECT_EQ(decode_server(encode_error("no")).error().message(), "the server: no");
  EXPECT_EQ(decode_killed(encode_error("there is no session 9")).error().message(),
            "the server: there is no session 9");
  EXPECT_TRUE(decode_killed(encode_killed(9)));
}

TEST(Messages, AnAnswerThatIsNoneIsAnError) {
  for (const char* line :
       {"", "{}", "[]", "nonsense", R"({"server":[]})", R"({"server":{"pid":"x"}})", R"({"killed":1})"})
    EXPECT_THAT(decode_server(line).error().message(), HasSubstr("cannot understand the server's answer")) << line;
  EXPECT_FALSE(decode_killed("{}"));
  EXPECT_FALSE(decode_server(std::string(100'000, '[')));
}

TEST(Messages, ForPrograms) {
  EXPECT_EQ(to_json({}), "{\n  \"servers\": []\n}\n");
  EXPECT_THAT(to_json({example()}), HasSubstr("\"id\": 3"));
}

}  // namespace
}  // namespace farpty::control
