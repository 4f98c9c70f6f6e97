#include "wire/conversation.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <memory>

#include "wire/samples.hpp"

namespace farpty::wire {
namespace {

using Outcome = std::expected<std::optional<Message>, Failure>;

// What a conversation says of one message of the other end. The bytes live on: messages borrow from them.
struct Heard {
  std::shared_ptr<std::vector<std::byte>> bytes = std::make_shared<std::vector<std::byte>>();
  Outcome outcome;
};

Heard hear(Conversation& conversation, const Message& message) {
  Heard heard;
  encode(message, *heard.bytes);
  conversation.feed(*heard.bytes);
  heard.outcome = conversation.next();
  return heard;
}

bool takes(Conversation& conversation, const Message& message) {
  const auto heard = hear(conversation, message);
  return heard.outcome && *heard.outcome;
}

std::string fault(Conversation& conversation, const Message& message) {
  const auto heard = hear(conversation, message);
  return heard.outcome ? "" : heard.outcome.error().text;
}

void say(Conversation& conversation, const Message& message) {
  std::vector<std::byte> out;
  conversation.send(message, out);
}

const Hello kHello{.agent = "test"};
const Start kStart{.windows = {1000, 1000}};
const Started kStarted{.session = 1, .seat = sample_seat(), .input_limit = 1000};

Conversation server_in(State state) {
  Conversation server(Role::kServer);
  if (state == State::kHello) return server;
  EXPECT_TRUE(takes(server, kHello));
  say(server, kHello);
  if (state == State::kReady) return server;
  EXPECT_TRUE(takes(server, kStart));
  if (state == State::kAsked) return server;
  say(server, kStarted);
  if (state == State::kEnded) say(server, Exit{});
  if (state == State::kClosed) say(server, Bye{});
  EXPECT_EQ(server.state(), state);
  return server;
}

// With its questions asked, so that answers are welcome.
Conversation client_in(State state) {
  Conversation client(Role::kClient);
  say(client, kHello);
  if (state != State::kHello && state != State::kReady) say(client, kStart);
  if (state != State::kHello) {
    EXPECT_TRUE(takes(client, kHello));
    say(client, List{});
    say(client, Kill{.session = "1"});
    say(client, Invite{});
  }
  if (state == State::kRunning || state == State::kEnded || state == State::kClosed) {
    EXPECT_TRUE(takes(client, kStarted));
  }
  if (state == State::kEnded) EXPECT_TRUE(takes(client, Exit{}));
  if (state == State::kClosed) EXPECT_TRUE(takes(client, Bye{}));
  EXPECT_EQ(client.state(), state);
  return client;
}

// A message that nothing but the state could make unwelcome, for this receiver.
Message fitting(const Message& sample, Role receiver) {
  const Channel towards = receiver == Role::kServer ? Channel::kInput : Channel::kOutput;
  const Channel away = receiver == Role::kServer ? Channel::kOutput : Channel::kInput;
  switch (type_of(sample)) {
    case Type::kData: return Data{.channel = towards, .bytes = as_bytes("x")};
    case Type::kEof: return Eof{.channel = towards};
    case Type::kAck: return Ack{.channel = away, .read = 0, .limit = 100'000};
    case Type::kStarted: return kStarted;
    case Type::kScreen: return Screen{};
    default: return sample;
  }
}

// The table of the norm: type name to (states in which the server takes it, the client), as letters.
std::map<std::string, std::pair<std::string, std::string>> norm() {
  std::map<std::string, std::pair<std::string, std::string>> rows;
  std::ifstream file(WIRE_NORM);
  EXPECT_TRUE(file) << WIRE_NORM;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("| message | by the server in |")) inside = true;
    if (!inside) continue;
    if (!line.starts_with('|')) break;
    std::vector<std::string> cells;
    for (std::size_t at = 1; at < line.size();) {
      const auto bar = line.find('|', at);
      std::string cell = line.substr(at, bar - at);
      std::erase(cell, ' ');
      cells.push_back(cell);
      at = bar + 1;
    }
    if (cells.size() == 3) rows[cells[0]] = {cells[1], cells[2]};
  }
  return rows;
}

constexpr std::string_view kLetters = "HRAUEC";

TEST(Conversation, TakesEveryMessageInExactlyTheStatesOfTheNorm) {
  const auto table = norm();
  for (const auto& [name, sample] : samples()) {
    const std::string type(name_of(type_of(sample)));
    ASSERT_TRUE(table.contains(type)) << type;
    for (std::size_t i = 0; i < kStates; ++i) {
      const auto state = static_cast<State>(i);
      auto server = server_in(state);
      auto client = client_in(state);
      const auto& [by_server, by_client] = table.at(type);
      EXPECT_EQ(takes(server, fitting(sample, Role::kServer)), by_server.contains(kLetters[i]))
          << name << " to the server in " << kLetters[i];
      EXPECT_EQ(takes(client, fitting(sample, Role::kClient)), by_client.contains(kLetters[i]))
          << name << " to the client in " << kLetters[i];
    }
  }
}

TEST(Conversation, HandsOutNothingAfterAFault) {
  auto server = server_in(State::kRunning);
  EXPECT_NE(fault(server, kHello), "");
  EXPECT_FALSE(takes(server, Data{.channel = Channel::kInput, .bytes = as_bytes("x")}));
}

TEST(Conversation, SendsOnlyWhatTheOtherEndTakes) {
  // Whatever one end may send, the other takes: all pairs of states that belong together.
  for (std::size_t i = 1; i < kStates; ++i) {
    const auto state = static_cast<State>(i);
    for (const auto& [name, sample] : samples()) {
      const Type type = type_of(sample);
      if (type == Type::kHello || type == Type::kSessions || type == Type::kDone || type == Type::kInvitation) continue;
      auto client = client_in(state);
      auto server = server_in(state);
      if (client.may_send(type)) EXPECT_TRUE(takes(server, fitting(sample, Role::kServer))) << name << kLetters[i];
      server = server_in(state);
      if (server.may_send(type)) EXPECT_TRUE(takes(client, fitting(sample, Role::kClient))) << name << kLetters[i];
    }
  }
}

TEST(Conversation, LetsAClientSayAllInOneBreath) {
  Conversation client(Role::kClient);
  EXPECT_FALSE(client.may_send(Type::kStart));
  std::vector<std::byte> wire;
  client.send(kHello, wire);
  EXPECT_FALSE(client.may_send(Type::kData));
  client.send(kStart, wire);
  client.send(Data{.channel = Channel::kInput, .bytes = as_bytes("ls\n")}, wire);
  client.send(Eof{.channel = Channel::kInput, .at = 3}, wire);
  Conversation server(Role::kServer);
  server.feed(wire);
  std::vector<Type> heard;
  while (true) {
    const auto message = server.next();
    ASSERT_TRUE(message) << message.error().text;
    if (!*message) break;
    heard.push_back(type_of(**message));
  }
  EXPECT_EQ(heard, (std::vector<Type>{Type::kHello, Type::kStart, Type::kData, Type::kEof}));
  EXPECT_TRUE(server.receiving(Channel::kInput).ended);
}

TEST(Conversation, RefusesAVersionThatItDoesNotSpeak) {
  Conversation server(Role::kServer);
  const auto newer = hear(server, Hello{.version = 3, .oldest = 2});
  ASSERT_FALSE(newer.outcome);
  EXPECT_EQ(newer.outcome.error().code, "version");
  EXPECT_EQ(newer.outcome.error().text,
            "this side speaks farpty protocol 1 to 1, the other side 2 to 3: bring both to the same release");
  Conversation other(Role::kServer);
  EXPECT_FALSE(hear(other, Hello{.version = 0, .oldest = 0}).outcome);
  Conversation third(Role::kServer);
  EXPECT_TRUE(takes(third, Hello{.version = 3, .oldest = 1}));
}

TEST(Conversation, BoundsReceivedBytesByTheWindow) {
  auto client = client_in(State::kRunning);
  const std::string window(1000, 'x');
  EXPECT_TRUE(takes(client, Data{.channel = Channel::kOutput, .bytes = as_bytes(window)}));
  EXPECT_EQ(client.receiving(Channel::kOutput).received, 1000U);
  say(client, Ack{.channel = Channel::kOutput, .read = 1000, .limit = 1001});
  EXPECT_TRUE(takes(client, Data{.channel = Channel::kOutput, .bytes = as_bytes("x")}));
  EXPECT_EQ(fault(client, Data{.channel = Channel::kOutput, .bytes = as_bytes("x")}),
            "more bytes than the window allows");
}

TEST(Conversation, KnowsWhatMayBeSent) {
  auto server = server_in(State::kRunning);
  EXPECT_EQ(server.sending(Channel::kOutput).room(), 1000U);
  say(server, Data{.channel = Channel::kOutput, .bytes = as_bytes("hello")});
  EXPECT_EQ(server.sending(Channel::kOutput).room(), 995U);
  EXPECT_TRUE(takes(server, Ack{.channel = Channel::kOutput, .read = 5, .limit = 2000}));
  EXPECT_EQ(server.sending(Channel::kOutput).room(), 1995U);
  EXPECT_EQ(server.sending(Channel::kOutput).acked, 5U);
}

TEST(Conversation, RefusesFalseAcknowledgements) {
  const auto refused = [](std::uint64_t read, std::uint64_t limit) {
    auto server = server_in(State::kRunning);
    say(server, Data{.channel = Channel::kOutput, .bytes = as_bytes("hello")});
    EXPECT_TRUE(takes(server, Ack{.channel = Channel::kOutput, .read = 3, .limit = 1500}));
    return fault(server, Ack{.channel = Channel::kOutput, .read = read, .limit = limit});
  };
  EXPECT_EQ(refused(6, 2000), "an acknowledgement of bytes never sent");
  EXPECT_EQ(refused(2, 2000), "an acknowledgement of bytes never sent");
  EXPECT_EQ(refused(4, 1499), "a window was taken back");
  EXPECT_EQ(refused(4, 1500), "");
}

TEST(Conversation, EndsAStreamOnce) {
  auto server = server_in(State::kRunning);
  EXPECT_TRUE(takes(server, Data{.channel = Channel::kInput, .bytes = as_bytes("abc")}));
  EXPECT_TRUE(takes(server, Eof{.channel = Channel::kInput, .at = 3}));
  EXPECT_EQ(fault(server, Data{.channel = Channel::kInput, .bytes = as_bytes("d")}), "a stream went on after its end");
  auto other = server_in(State::kRunning);
  EXPECT_EQ(fault(other, Eof{.channel = Channel::kInput, .at = 1}), "a stream ended elsewhere than its bytes");
}

TEST(Conversation, RefusesTheWrongDirection) {
  auto server = server_in(State::kRunning);
  EXPECT_EQ(fault(server, Data{.channel = Channel::kOutput, .bytes = as_bytes("x")}),
            "a message 'data' cannot come on channel 1");
  auto other = server_in(State::kRunning);
  EXPECT_EQ(fault(other, Ack{.channel = Channel::kInput}), "a message 'ack' cannot come on channel 0");
}

TEST(Conversation, RefusesAnswersToNoQuestion) {
  for (const Message& answer : {Message(Sessions{}), Message(Done{}), Message(Invitation{.token = "t"})}) {
    Conversation client(Role::kClient);
    say(client, kHello);
    EXPECT_TRUE(takes(client, kHello));
    EXPECT_NE(fault(client, answer), "");
  }
}

TEST(Conversation, GoesOnWhereEachSideHasRead) {
  Conversation client(Role::kClient), server(Role::kServer);
  say(client, kHello);
  const Resume resume{.seat = sample_seat(), .output = 5000, .errors = 20, .windows = {1000, 10}};
  say(client, resume);
  EXPECT_FALSE(client.may_send(Type::kData));
  EXPECT_TRUE(takes(server, kHello));
  say(server, kHello);
  EXPECT_TRUE(takes(server, resume));
  const Started started{.session = 1,
                        .seat = sample_seat(),
                        .resumed = true,
                        .input = 300,
                        .input_limit = 400,
                        .output = 5000,
                        .errors = 20};
  say(server, started);
  EXPECT_TRUE(takes(client, kHello));
  EXPECT_TRUE(takes(client, started));
  EXPECT_EQ(client.sending(Channel::kInput).sent, 300U);
  EXPECT_EQ(server.receiving(Channel::kInput).received, 300U);
  EXPECT_EQ(server.sending(Channel::kOutput).sent, 5000U);
  EXPECT_EQ(server.sending(Channel::kOutput).room(), 1000U);
  EXPECT_EQ(server.sending(Channel::kErrors).room(), 10U);
  EXPECT_TRUE(takes(server, Data{.channel = Channel::kInput, .bytes = as_bytes("x")}));
  EXPECT_TRUE(takes(client, Eof{.channel = Channel::kErrors, .at = 20}));
}

TEST(Conversation, RefusesInputBeforeItIsKnownWhereItGoesOn) {
  Conversation server(Role::kServer);
  EXPECT_TRUE(takes(server, kHello));
  say(server, kHello);
  EXPECT_TRUE(takes(server, Resume{.seat = sample_seat()}));
  EXPECT_EQ(fault(server, Data{.channel = Channel::kInput, .bytes = as_bytes("x")}),
            "input before it is known from where it goes on");
}

TEST(Conversation, WhatComesAfterTheEndIsNothing) {
  std::vector<std::byte> wire;
  encode(Bye{}, wire);
  const std::string more(5, 'x');  // the beginning of a frame that there is not
  wire.insert(wire.end(), as_bytes(more).begin(), as_bytes(more).end());
  for (const Role role : {Role::kClient, Role::kServer}) {
    Conversation conversation(role);
    conversation.feed(wire);
    EXPECT_TRUE(*conversation.next());
    for (int i = 0; i < 3; ++i) {
      const auto nothing = conversation.next();
      ASSERT_TRUE(nothing);
      EXPECT_FALSE(*nothing);
      conversation.feed(as_bytes(more));
    }
  }
}

TEST(Conversation, ASnapshotMovesTheOutputForward) {
  auto client = client_in(State::kRunning);
  EXPECT_TRUE(takes(client, Snapshot{.at = 500, .skipped = 500, .size = 3}));
  EXPECT_TRUE(takes(client, Screen{.bytes = as_bytes("ab")}));
  auto copy = client_in(State::kRunning);
  EXPECT_TRUE(takes(copy, Snapshot{.at = 500, .size = 3}));
  EXPECT_EQ(fault(copy, Data{.channel = Channel::kOutput, .bytes = as_bytes("x")}),
            "a message 'data' cannot come within a snapshot");
  EXPECT_TRUE(takes(client, Screen{.bytes = as_bytes("c")}));
  EXPECT_TRUE(takes(client, Data{.channel = Channel::kOutput, .bytes = as_bytes("x")}));
  EXPECT_EQ(client.receiving(Channel::kOutput).received, 501U);
  EXPECT_EQ(fault(client, Snapshot{.at = 500, .size = 0}), "a snapshot of the past");
  auto third = client_in(State::kRunning);
  EXPECT_EQ(fault(third, Screen{.bytes = as_bytes("x")}), "more of a snapshot than was announced");
}

TEST(Conversation, RefusesAServerThatReadWhatWasNotSent) {
  auto client = client_in(State::kAsked);
  Started lie = kStarted;
  lie.input = 5;
  EXPECT_NE(fault(client, lie), "");
  auto other = client_in(State::kAsked);
  Started far = kStarted;
  far.output = ~0ULL;
  EXPECT_NE(fault(other, far), "");
}

}  // namespace
}  // namespace farpty::wire
