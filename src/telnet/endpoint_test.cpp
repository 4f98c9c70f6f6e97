// Properties of Endpoint that no single conversation shows: chunking, round trips, bounds. Conversations:
// spec_test.cpp.
#include "telnet/endpoint.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace farpty::telnet {
namespace {

using Buffer = std::vector<std::byte>;

class Recorder final : public Receiver {
 public:
  void on_data(Bytes bytes) override {
    EXPECT_FALSE(bytes.empty());
    data.insert(data.end(), bytes.begin(), bytes.end());
  }
  void on_event(Event event) override { note("event", std::to_underlying(event), 0); }
  void on_window(WindowSize size) override { note("window", size.columns, size.rows); }
  TypeChoice on_terminal_type(std::string_view name) override {
    EXPECT_TRUE(valid_terminal_type(name));
    marks += name;
    note("type", 0, 0);
    return TypeChoice::kNext;
  }
  void on_option(Option option, Side side, Wish wish) override {
    note("option", std::to_underlying(option), std::to_underlying(side) * 2 + std::to_underlying(wish));
  }

  Buffer data;
  std::string marks;  // everything else, each with its place in the data

 private:
  void note(const char* what, int a, int b) {
    marks += std::string(what) + " " + std::to_string(a) + " " + std::to_string(b) + " at " +
             std::to_string(data.size()) + "\n";
  }
};

// Everything is taken, however small the bound on replies; `replies` is what was sent.
void receive_all(Endpoint& endpoint, Bytes wire, Receiver& to, Buffer& replies) {
  while (!wire.empty()) {
    const std::size_t taken = endpoint.receive(wire, to);
    wire = wire.subspan(taken);
    if (taken == 0) {
      ASSERT_TRUE(endpoint.has_output()) << "stopped without a reason";
      endpoint.flush(replies);
    }
  }
  endpoint.flush(replies);
}

// Random, but with a taste for the bytes that matter.
Buffer random_bytes(std::mt19937& random, std::size_t size) {
  static constexpr unsigned char kFavourites[] = {255, 255, 255, 250, 240, 251,  252,  253,  254, 0,   1, 3,
                                                  24,  31,  246, 244, 241, '\r', '\r', '\n', 0,   'a', 80};
  Buffer bytes(size);
  for (std::byte& byte : bytes) {
    const bool favourite = random() % 8 != 0;
    byte = static_cast<std::byte>(favourite ? kFavourites[random() % std::size(kFavourites)] : random());
  }
  return bytes;
}

Endpoint make(Role role) {
  return Endpoint(role, {.terminal_types = {"xterm-256color", "xterm"}, .window = WindowSize{80, 24}});
}

class Property : public testing::TestWithParam<Role> {};

TEST_P(Property, any_chunking_gives_the_same_result) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const Buffer wire = random_bytes(random, 400);
    Endpoint whole = make(GetParam()), pieces = make(GetParam());
    whole.start();
    pieces.start();
    Recorder whole_heard, pieces_heard;
    Buffer whole_said, pieces_said;
    receive_all(whole, wire, whole_heard, whole_said);
    for (std::size_t at = 0; at < wire.size();) {
      const std::size_t piece = std::min<std::size_t>(1 + random() % 9, wire.size() - at);
      receive_all(pieces, Bytes(wire).subspan(at, piece), pieces_heard, pieces_said);
      at += piece;
    }
    ASSERT_EQ(whole_heard.data, pieces_heard.data);
    ASSERT_EQ(whole_heard.marks, pieces_heard.marks);
    if (GetParam() == Role::kServer)
      ASSERT_EQ(whole_said, pieces_said);  // a client sends only the newest of its windows
  }
}

TEST_P(Property, any_chunking_encodes_the_same) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const Buffer data = random_bytes(random, 200);
    Endpoint whole = make(GetParam()), pieces = make(GetParam());
    Buffer whole_wire, pieces_wire;
    whole.encode(data, whole_wire);
    for (std::size_t at = 0; at < data.size();) {
      const std::size_t piece = std::min<std::size_t>(random() % 5, data.size() - at);
      pieces.encode(Bytes(data).subspan(at, piece), pieces_wire);
      at += piece;
    }
    ASSERT_EQ(whole_wire, pieces_wire);
  }
}

// Lets both ends talk until neither has anything to say.
void settle(Endpoint& a, Recorder& to_a, Endpoint& b, Recorder& to_b) {
  Buffer for_a, for_b;
  for (int round = 0;; ++round) {
    ASSERT_LT(round, 100) << "a loop";
    a.flush(for_b);
    b.flush(for_a);
    if (for_a.empty() && for_b.empty()) return;
    const Buffer now_for_b = std::exchange(for_b, {});
    receive_all(b, now_for_b, to_b, for_a);
    const Buffer now_for_a = std::exchange(for_a, {});
    receive_all(a, now_for_a, to_a, for_b);
  }
}

TEST(Endpoint, what_one_end_writes_the_other_reads) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    Endpoint server = make(Role::kServer), client = make(Role::kClient);
    Recorder server_heard, client_heard;
    server.start();
    settle(server, server_heard, client, client_heard);
    ASSERT_TRUE(server.negotiated());
    if (seed % 2 == 0) {  // else both directions are BINARY
      server.ask(Option::kBinary, Side::kOurs, Wish::kOff);
      server.ask(Option::kBinary, Side::kTheirs, Wish::kOff);
      settle(server, server_heard, client, client_heard);
    }
    for (Endpoint* from : {&server, &client}) {
      Endpoint& to = from == &server ? client : server;
      Recorder heard;
      const Buffer data = random_bytes(random, 300);
      Buffer wire, replies;
      from->encode(data, wire);
      receive_all(to, wire, heard, replies);
      ASSERT_EQ(heard.data, data);
      ASSERT_EQ(heard.marks, "");
      ASSERT_TRUE(replies.empty());
    }
  }
}

TEST(Endpoint, a_flood_of_requests_is_pushed_back) {
  Endpoint server = make(Role::kServer);
  Recorder heard;
  Buffer wire;
  for (int i = 0; i < 10000; ++i) {
    for (const int byte : {255, 253, 6, 255, 246, 255, 253, 3, 255, 254, 3})
      wire.push_back(static_cast<std::byte>(byte));
  }
  const std::size_t taken = server.receive(wire, heard);
  EXPECT_LT(taken, kReplyBound);
  EXPECT_EQ(server.receive(Bytes(wire).subspan(taken), heard), 0U);
  Buffer replies;
  server.flush(replies);
  EXPECT_LE(replies.size(), kReplyBound + kLongestReply);
  receive_all(server, Bytes(wire).subspan(taken), heard, replies);  // the rest is answered, too, once there is room
  EXPECT_GT(replies.size(), 10000U * (3 + 17 + 6) - 1);
}

TEST(Endpoint, each_unknown_option_is_refused_once_and_no_more) {
  Endpoint server = make(Role::kServer);
  Recorder heard;
  Buffer wire, replies;
  for (int round = 0; round < 3; ++round) {
    for (int code = 40; code < 256; ++code) {
      for (const int byte : {255, 251, code, 255, 253, code}) wire.push_back(static_cast<std::byte>(byte));
    }
  }
  receive_all(server, wire, heard, replies);
  EXPECT_EQ(replies.size(), (256U - 40U) * 6U);
}

TEST(Endpoint, a_peer_with_endless_terminal_types_is_asked_a_bounded_number_of_times) {
  Endpoint server = make(Role::kServer);
  server.start();
  Recorder heard;
  Buffer replies;
  receive_all(server, as_bytes("\xff\xfb\x18\xff\xfc\x1f"), heard, replies);
  for (int i = 0; i < 100; ++i) {
    const std::string name = "type-" + std::to_string(i);
    receive_all(server, as_bytes(std::string("\xff\xfa\x18\0", 4) + name + "\xff\xf0"), heard, replies);
  }
  const std::string_view said = as_text(replies);
  std::size_t asked = 0;
  for (std::size_t at = 0; (at = said.find("\x18\x01\xff\xf0", at)) != said.npos; ++at) ++asked;
  EXPECT_EQ(asked, kTerminalTypesBound);
  EXPECT_TRUE(server.negotiated());
}

INSTANTIATE_TEST_SUITE_P(telnet, Property, testing::Values(Role::kServer, Role::kClient),
                         [](const auto& info) { return info.param == Role::kServer ? "server" : "client"; });

}  // namespace
}  // namespace farpty::telnet
