#include "wire/conversation.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/check.hpp"

namespace farpty::wire {

namespace {

using States = unsigned;  // a set, one bit each

constexpr States in(State state) { return 1U << static_cast<unsigned>(state); }

constexpr States kHello = in(State::kHello), kReady = in(State::kReady), kAsked = in(State::kAsked),
                 kRunning = in(State::kRunning), kEnded = in(State::kEnded);
constexpr States kGreeted = kReady | kAsked | kRunning | kEnded;
constexpr States kOpen = kHello | kGreeted;
constexpr States kSession = kAsked | kRunning | kEnded;

// In which states the client and the server may send a type, and in which the other end takes it. The sender's states are
// more where it need not wait for what it can foresee: a client says hello, start and its first input in one breath.
struct Row {
  Type type;
  States client_sends, server_takes;
  States server_sends, client_takes;
};

constexpr Row kTable[] = {
    // type               client: sends          server: takes  server: sends   client: takes
    {Type::kHello, kHello, kHello, kReady, kHello},
    {Type::kStart, kHello | kReady, kReady, 0, 0},
    {Type::kResume, kHello | kReady, kReady, 0, 0},
    {Type::kStarted, 0, 0, kAsked, kAsked},
    {Type::kData, kOpen, kSession, kRunning, kRunning},
    {Type::kAck, kRunning | kEnded, kRunning | kEnded, kRunning | kEnded, kRunning | kEnded},
    {Type::kEof, kOpen, kSession, kRunning, kRunning},
    {Type::kResize, kOpen, kSession, kRunning, kRunning},
    {Type::kSignal, kOpen, kSession, 0, 0},
    {Type::kExit, 0, 0, kRunning, kRunning},
    {Type::kDetach, kRunning, kRunning | kEnded, 0, 0},
    {Type::kList, kOpen, kGreeted, 0, 0},
    {Type::kSessions, 0, 0, kGreeted, kGreeted},
    {Type::kKill, kOpen, kGreeted, 0, 0},
    {Type::kDone, 0, 0, kGreeted, kGreeted},
    {Type::kPen, kRunning, kRunning | kEnded, kRunning, kRunning},
    {Type::kSnapshot, 0, 0, kRunning, kRunning},
    {Type::kScreen, 0, 0, kRunning, kRunning},
    {Type::kCredential, 0, 0, kRunning, kRunning},
    {Type::kInvite, kOpen, kGreeted, 0, 0},
    {Type::kInvitation, 0, 0, kGreeted, kGreeted},
    {Type::kPing, kGreeted, kGreeted, kGreeted, kGreeted},
    {Type::kPong, kGreeted, kGreeted, kGreeted, kGreeted},
    {Type::kError, kOpen, kOpen, kOpen, kOpen},
    {Type::kBye, kOpen, kOpen, kOpen, kOpen},
    {Type::kRedraw, kRunning, kRunning | kEnded, 0, 0},
};

constexpr const Row& row_of(Type type) { return kTable[static_cast<std::size_t>(type) - 1]; }

constexpr bool table_is_in_order() {
  for (std::size_t i = 0; i < std::size(kTable); ++i)
    if (static_cast<std::size_t>(kTable[i].type) != i + 1) return false;
  return std::size(kTable) == kLastType;
}
static_assert(table_is_in_order());

constexpr std::string_view kStateNames[kStates] = {"before hello",         "before start",  "before started",
                                                   "in a running session", "after the end", "after the last message"};

Failure broken(std::string text) { return {.code = "protocol", .text = std::move(text)}; }

// What a stream's messages may be about: input goes to the server, the rest comes from it.
constexpr bool flows_to(Role role, Channel channel) { return (channel == Channel::kInput) == (role == Role::kServer); }

}  // namespace

Conversation::Conversation(Role role) : role_(role) {
  // Both ends know it without a word.
  if (role == Role::kClient)
    sending_[index(Channel::kInput)].limit = kInitialWindow;
  else
    receiving_[index(Channel::kInput)].limit = kInitialWindow;
}

bool Conversation::may_send(Type type) const {
  const Row& row = row_of(type);
  const States states = role_ == Role::kClient ? row.client_sends : row.server_sends;
  if ((states & in(state_)) == 0) return false;
  if (type == Type::kHello) return !hello_sent_;
  if (type == Type::kError || type == Type::kBye) return true;
  if (!hello_sent_) return false;
  const bool is_start = type == Type::kStart || type == Type::kResume;
  if (is_start) return !asked_;
  const bool of_session = (row.server_takes & kReady) == 0 && role_ == Role::kClient;
  if (of_session && (!asked_ || (resuming_ && (in(state_) & (kRunning | kEnded)) == 0))) return false;
  return true;
}

void Conversation::send(const Message& message, std::vector<std::byte>& out) {
  FARPTY_CHECK(may_send(type_of(message)));
  note(message);
  encode(message, out);
}

// What this end's own message changes.
void Conversation::note(const Message& message) {
  switch (type_of(message)) {
    case Type::kHello: hello_sent_ = true; return;
    case Type::kStart: return begin(std::get<Start>(message).windows);
    case Type::kResume: resuming_ = true; return begin(std::get<Resume>(message).windows);
    case Type::kStarted: return begin(std::get<Started>(message));
    case Type::kData: {
      const auto& data = std::get<Data>(message);
      auto& stream = sending_[index(data.channel)];
      FARPTY_CHECK(!flows_to(role_, data.channel) && data.bytes.size() <= stream.room());
      stream.sent += data.bytes.size();
      return;
    }
    case Type::kEof: {
      const auto& eof = std::get<Eof>(message);
      auto& stream = sending_[index(eof.channel)];
      FARPTY_CHECK(!flows_to(role_, eof.channel) && !stream.ended && eof.at == stream.sent);
      stream.ended = true;
      return;
    }
    case Type::kAck: {
      const auto& ack = std::get<Ack>(message);
      auto& stream = receiving_[index(ack.channel)];
      FARPTY_CHECK(flows_to(role_, ack.channel) && ack.read >= stream.acked && ack.read <= stream.received);
      FARPTY_CHECK(ack.limit >= stream.limit);
      stream.acked = ack.read;
      stream.limit = ack.limit;
      return;
    }
    case Type::kSnapshot: sending_[index(Channel::kOutput)].sent = std::get<Snapshot>(message).at; return;
    case Type::kList: ++unanswered_[0]; return;
    case Type::kKill: ++unanswered_[1]; return;
    case Type::kInvite: ++unanswered_[2]; return;
    case Type::kExit: state_ = State::kEnded; return;
    case Type::kDetach: state_ = State::kEnded; return;
    case Type::kError:
    case Type::kBye: state_ = State::kClosed; return;
    default: return;
  }
}

void Conversation::begin(const Windows& windows) {
  asked_ = true;
  windows_ = windows;
  if (state_ == State::kReady) state_ = State::kAsked;
}

// Both ends now know where each stream goes on.
void Conversation::begin(const Started& started) {
  state_ = State::kRunning;
  const auto set = [](auto& stream, std::uint64_t from, std::uint64_t limit) {
    stream.acked = from;
    stream.limit = std::max(stream.limit, limit);
  };
  auto& input_sent = sending_[index(Channel::kInput)];
  auto& input_received = receiving_[index(Channel::kInput)];
  if (resuming_) input_sent.sent = input_received.received = started.input;
  set(input_sent, started.input, started.input_limit);
  set(input_received, started.input, started.input_limit);
  const std::array<std::uint64_t, 3> from = {0, started.output, started.errors};
  const std::array<std::uint64_t, 3> window = {0, windows_.output, windows_.errors};
  for (const Channel channel : {Channel::kOutput, Channel::kErrors}) {
    const auto i = index(channel);
    sending_[i].sent = receiving_[i].received = from[i];
    set(sending_[i], from[i], from[i] + window[i]);
    set(receiving_[i], from[i], from[i] + window[i]);
  }
}

std::expected<std::optional<Message>, Failure> Conversation::next() {
  std::expected<std::optional<Message>, Failure> heard;
  if (broken_ || state_ == State::kClosed) return heard;
  const auto fail = [this](Failure fault) {
    broken_ = true;
    return std::unexpected(std::move(fault));
  };
  const auto frame = splitter_.next();
  if (!frame) return fail(broken(frame.error().message()));
  if (!*frame) return heard;
  if (auto fault = admit(**frame)) return fail(std::move(*fault));
  if ((*frame)->type == Type::kData) {  // most of what comes: it is not carried from hand to hand
    heard->emplace(Data{.channel = (*frame)->channel, .bytes = (*frame)->payload});
  } else {
    auto message = decode(**frame);
    if (!message) return fail(broken(message.error().message()));
    heard->emplace(std::move(*message));
  }
  if (auto fault = take(**heard)) return fail(std::move(*fault));
  return heard;
}

// May this come now? Asked before its payload is looked at.
std::optional<Failure> Conversation::admit(const Frame& frame) const {
  const Row& row = row_of(frame.type);
  const States states = role_ == Role::kServer ? row.server_takes : row.client_takes;
  if ((states & in(state_)) == 0)
    return broken(fmt::format("a message '{}' cannot come {}", name_of(frame.type),
                              kStateNames[static_cast<std::size_t>(state_)]));
  if (!has_channel(frame.type)) return std::nullopt;
  const bool towards_us = flows_to(role_, frame.channel);
  if (towards_us == (frame.type == Type::kAck))
    return broken(fmt::format("a message '{}' cannot come on channel {}", name_of(frame.type),
                              static_cast<unsigned>(frame.channel)));
  return std::nullopt;
}

std::optional<Failure> Conversation::take(const Message& message) {
  const Type type = type_of(message);
  if (screen_left_ > 0 && (type == Type::kData || type == Type::kSnapshot || type == Type::kExit))
    return broken(fmt::format("a message '{}' cannot come within a snapshot", name_of(type)));
  switch (type) {
    case Type::kHello: {
      peer_ = std::get<Hello>(message);
      if (peer_.oldest > kVersion || peer_.version < kOldestVersion)
        return Failure{.code = "version",
                       .text = fmt::format("this side speaks farpty protocol {} to {}, the other side {} to {}: bring "
                                           "both to the same release",
                                           kOldestVersion, kVersion, peer_.oldest, peer_.version)};
      state_ = asked_ ? State::kAsked : State::kReady;
      return std::nullopt;
    }
    case Type::kStart: begin(std::get<Start>(message).windows); return std::nullopt;
    case Type::kResume:
      resuming_ = true;
      begin(std::get<Resume>(message).windows);
      return std::nullopt;
    case Type::kStarted: {
      const auto& started = std::get<Started>(message);
      constexpr std::uint64_t kFar = 1ULL << 62;  // no stream gets there; sums of offsets do not wrap
      if (std::max({started.input, started.output, started.errors}) >= kFar) return broken("'started' names no offset");
      if (!resuming_ && started.input != 0) return broken("input that was never sent cannot have been read");
      begin(started);
      return std::nullopt;
    }
    case Type::kData:
    case Type::kEof:
    case Type::kAck: return take_stream(message);
    case Type::kSignal:
    case Type::kResize: return std::nullopt;
    case Type::kSnapshot:
    case Type::kScreen: return take_screen(message);
    case Type::kSessions:
    case Type::kDone:
    case Type::kInvitation: return take_answer(type);
    case Type::kExit:
    case Type::kDetach: state_ = State::kEnded; return std::nullopt;
    case Type::kError:
    case Type::kBye: state_ = State::kClosed; return std::nullopt;
    case Type::kList:
    case Type::kKill:
    case Type::kPen:
    case Type::kCredential:
    case Type::kInvite:
    case Type::kRedraw:
    case Type::kPing:
    case Type::kPong: return std::nullopt;
  }
  return broken("there is no such message");
}

std::optional<Failure> Conversation::take_stream(const Message& message) {
  if (const auto* ack = std::get_if<Ack>(&message)) {
    auto& stream = sending_[index(ack->channel)];
    if (ack->read > stream.sent || ack->read < stream.acked) return broken("an acknowledgement of bytes never sent");
    if (ack->limit < stream.limit) return broken("a window was taken back");
    stream.acked = ack->read;
    stream.limit = ack->limit;
    return std::nullopt;
  }
  const auto* data = std::get_if<Data>(&message);
  const auto* eof = std::get_if<Eof>(&message);
  if (resuming_ && state_ == State::kAsked) return broken("input before it is known from where it goes on");
  auto& stream = receiving_[index(data != nullptr ? data->channel : eof->channel)];
  if (stream.ended) return broken("a stream went on after its end");
  if (data != nullptr) {
    if (data->bytes.size() > stream.limit - std::min(stream.limit, stream.received))
      return broken("more bytes than the window allows");
    stream.received += data->bytes.size();
    return std::nullopt;
  }
  if (eof->at != stream.received) return broken("a stream ended elsewhere than its bytes");
  stream.ended = true;
  return std::nullopt;
}

std::optional<Failure> Conversation::take_screen(const Message& message) {
  if (const auto* screen = std::get_if<Screen>(&message)) {
    if (screen->bytes.size() > screen_left_) return broken("more of a snapshot than was announced");
    screen_left_ -= screen->bytes.size();
    return std::nullopt;
  }
  const auto& snapshot = std::get<Snapshot>(message);
  auto& stream = receiving_[index(Channel::kOutput)];
  if (snapshot.at < stream.received || snapshot.at >= 1ULL << 62) return broken("a snapshot of the past");
  if (stream.ended) return broken("a stream went on after its end");
  stream.received = snapshot.at;
  screen_left_ = snapshot.size;
  return std::nullopt;
}

std::optional<Failure> Conversation::take_answer(Type type) {
  auto& left = unanswered_[type == Type::kSessions ? 0 : type == Type::kDone ? 1 : 2];
  if (left == 0) return broken(fmt::format("a message '{}' that nobody asked for", name_of(type)));
  if (type != Type::kSessions) --left;  // sessions: the last of several says so
  return std::nullopt;
}

}  // namespace farpty::wire
