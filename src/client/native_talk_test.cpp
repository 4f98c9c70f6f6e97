#include "client/native_talk.hpp"

#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace farpty::client {
namespace {

using testing::ElementsAre;
using wire::Channel;
using wire::Type;

class Shown final : public NativeTalk::Sink {
 public:
  void show(Channel channel, Bytes bytes) override {
    (channel == Channel::kErrors ? errors : output) += std::string(as_text(bytes));
  }
  [[nodiscard]] std::size_t room(Channel) const override { return 64 * 1024; }
  [[nodiscard]] std::uint64_t stride() const override { return stride_; }
  void started(const wire::Started&) override {}
  void far_resized(const wire::Size&) override {}
  void redraws(const wire::Snapshot&) override {}
  void redrawn() override { ++redrawn_; }
  void ended(const wire::Exit&) override {}
  void failed(const wire::Failure& failure) override { failure_ = failure.code; }
  void pen(PenState) override {}
  void credential(const wire::Credential&) override {}
  void pong() override {}

  std::string output, errors, failure_;
  unsigned redrawn_ = 0;
  std::uint64_t stride_ = 16 * 1024;
};

// A server's end of one connection after the other, of one session.
class NativeTalkTest : public testing::Test {
 protected:
  // What the client has said since the last call, in order.
  std::vector<Type> heard() {
    std::vector<Type> types;
    conversation_->feed(out_);
    while (true) {
      auto message = conversation_->next();
      if (!message || !*message) break;
      types.push_back(wire::type_of(**message));
      if (types.back() == Type::kHello) conversation_->send(wire::Hello{}, hello_);  // before what follows is heard
      if (const auto* data = std::get_if<wire::Data>(&**message)) input_ += std::string(as_text(data->bytes));
      if (const auto* resume = std::get_if<wire::Resume>(&**message)) resume_ = *resume;
      if (const auto* ack = std::get_if<wire::Ack>(&**message)) ack_ = *ack;
    }
    out_.clear();
    return types;
  }
  void say(const wire::Message& message) {
    std::vector<std::byte> bytes;
    conversation_->send(message, bytes);
    talk_.receive(bytes, out_);
  }
  void connect() {
    conversation_ = std::make_unique<wire::Conversation>(wire::Role::kServer);
    out_.clear();
    talk_.begin(out_);
  }
  void start(bool resumed, std::uint64_t input = 0) {
    talk_.receive(std::exchange(hello_, {}), out_);
    say(wire::Started{.session = 1,
                      .resumed = resumed,
                      .writer = true,
                      .terminal = true,
                      .input = input,
                      .input_limit = input + 65536,
                      .output = resume_.output});
  }
  void output(std::string_view text) { say(wire::Data{.channel = Channel::kOutput, .bytes = as_bytes(text)}); }

  Shown shown_;
  NativeTalk talk_{"", {.terminal = true}, shown_};
  std::unique_ptr<wire::Conversation> conversation_;
  std::vector<std::byte> out_, hello_;
  std::string input_;
  wire::Resume resume_;
  wire::Ack ack_;
};

TEST_F(NativeTalkTest, WhatItWillSayFirstIsKnownBefore) {
  const std::uint64_t room = shown_.room(Channel::kOutput);
  const auto opening = NativeTalk::opening("", {.terminal = true, .windows = {.output = room, .errors = room}});
  connect();
  EXPECT_EQ(opening, out_);
  EXPECT_THAT(heard(), ElementsAre(Type::kHello, Type::kStart));
}

TEST_F(NativeTalkTest, ARedrawThatWasAskedForIsAskedForAgainAfterACut) {
  connect();
  EXPECT_THAT(heard(), ElementsAre(Type::kHello, Type::kStart));
  start(false);
  talk_.want_redraw(out_);
  talk_.want_redraw(out_);  // one that is under way serves as well
  EXPECT_THAT(heard(), ElementsAre(Type::kRedraw));

  connect();
  EXPECT_THAT(heard(), ElementsAre(Type::kHello, Type::kResume));
  start(true);
  EXPECT_THAT(heard(), ElementsAre(Type::kRedraw)) << "not before the session runs, and then without being told to";
}

TEST_F(NativeTalkTest, ARedrawThatWasCutInTheMiddleBeginsAnew) {
  connect();
  heard();
  start(false);
  output("abc");
  say(wire::Snapshot{.at = 3, .size = 6});
  say(wire::Screen{.bytes = as_bytes("scr")});
  EXPECT_TRUE(talk_.is_redrawing());
  heard();

  connect();
  EXPECT_FALSE(talk_.is_redrawing());
  heard();
  EXPECT_EQ(resume_.output, 3U) << "what a screen is drawn with is in no stream";
  start(true);
  EXPECT_THAT(heard(), ElementsAre(Type::kRedraw));
  say(wire::Snapshot{.at = 3, .size = 6});
  say(wire::Screen{.bytes = as_bytes("screen")});
  EXPECT_EQ(shown_.redrawn_, 1U);

  connect();
  EXPECT_THAT(heard(), ElementsAre(Type::kHello, Type::kResume));
  start(true);
  EXPECT_THAT(heard(), ElementsAre()) << "it was answered";
}

TEST_F(NativeTalkTest, WhatWasTypedWhileThereWasNoConnectionIsSaidOnTheNextFromWhereTheServerHasIt) {
  connect();
  heard();
  start(false);
  talk_.type(as_bytes("echo one"));
  talk_.send_typed(65536, out_);
  EXPECT_THAT(heard(), ElementsAre(Type::kData));

  talk_.type(as_bytes(" two"));
  connect();
  heard();
  input_.clear();
  start(true, 5);  // "echo " had come through
  talk_.send_typed(65536, out_);
  EXPECT_THAT(heard(), ElementsAre(Type::kData));
  EXPECT_EQ(input_, "one two");
  EXPECT_FALSE(talk_.input_is_taken());
  say(wire::Ack{.channel = Channel::kInput, .read = 12, .limit = 65536 + 12});
  EXPECT_TRUE(talk_.input_is_taken());
}

TEST_F(NativeTalkTest, AServerThatGoesOnElsewhereIsNotBelieved) {
  connect();
  heard();
  start(false);
  talk_.type(as_bytes("ls"));
  talk_.send_typed(65536, out_);
  heard();

  connect();
  heard();
  start(true, 3);  // more than was typed
  EXPECT_EQ(shown_.failure_, "protocol");
}

// Somebody waits for what was typed, nobody for the acknowledgement.
TEST_F(NativeTalkTest, AnAcknowledgementGoesAlongBehindWhatWasTyped) {
  connect();
  heard();
  start(false);
  say(wire::Data{.channel = Channel::kOutput, .bytes = as_bytes("echo")});
  talk_.type(as_bytes("key"));
  talk_.send_typed(1 << 20, out_);
  EXPECT_THAT(heard(), ElementsAre(Type::kData, Type::kAck));
  EXPECT_EQ(ack_.read, 4U);
  talk_.type(as_bytes("another"));
  talk_.send_typed(1 << 20, out_);
  EXPECT_THAT(heard(), ElementsAre(Type::kData)) << "there is nothing new to acknowledge";
}

TEST_F(NativeTalkTest, TheServerIsToldOnceAStrideWasRead) {
  connect();
  heard();
  start(false);
  shown_.stride_ = 100;
  output(std::string(99, 'x'));
  // The first window was that of `start`; what was read moves its end.
  talk_.acknowledge(NativeTalk::Due::kWindow, out_);
  EXPECT_THAT(heard(), ElementsAre());
  EXPECT_TRUE(talk_.owes_acknowledgement());
  output("x");
  talk_.acknowledge(NativeTalk::Due::kWindow, out_);
  EXPECT_THAT(heard(), ElementsAre(Type::kAck));
  EXPECT_EQ(ack_.read, 100U);
  EXPECT_FALSE(talk_.owes_acknowledgement());
}

}  // namespace
}  // namespace farpty::client
