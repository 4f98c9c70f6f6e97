// Fuzz target: both state machines. The first byte chooses the role and how far the conversation has come; the rest is what
// the other end says, in pieces. Between the pieces this end answers as a real one would.
#include "wire/conversation.hpp"

#include <algorithm>
#include <cstdlib>

namespace {

using namespace farpty;
using namespace farpty::wire;

void require(bool holds) {
  if (!holds) std::abort();
}

// What may be said now and what keeps the streams going.
void answer(Conversation& conversation, Role role, std::vector<std::byte>& out) {
  const auto say = [&](const Message& message) {
    if (conversation.may_send(type_of(message))) conversation.send(message, out);
  };
  say(Hello{});
  if (role == Role::kClient) {
    say(Start{.windows = {500, 500}});
    say(List{});
  } else {
    say(Started{.session = 1, .input_limit = kInitialWindow});
  }
  static const std::vector<std::byte> kBytes(300);
  for (const Channel channel : {Channel::kInput, Channel::kOutput, Channel::kErrors}) {
    const bool is_ours = (channel == Channel::kInput) == (role == Role::kClient);
    if (is_ours && conversation.may_send(Type::kData)) {
      const auto room = std::min<std::uint64_t>(conversation.sending(channel).room(), kBytes.size());
      if (room > 0) conversation.send(Data{.channel = channel, .bytes = Bytes(kBytes).first(room)}, out);
    }
    const auto& stream = conversation.receiving(channel);
    if (!is_ours && conversation.may_send(Type::kAck))
      conversation.send(
          Ack{.channel = channel, .read = stream.received, .limit = std::max(stream.limit, stream.received + 500)},
          out);
  }
}

void check(const Conversation& conversation) {
  for (const Channel channel : {Channel::kInput, Channel::kOutput, Channel::kErrors}) {
    const auto& sending = conversation.sending(channel);
    require(sending.acked <= sending.sent);
    const auto& receiving = conversation.receiving(channel);
    require(receiving.acked <= receiving.received);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const Role role = (data[0] & 1U) != 0 ? Role::kServer : Role::kClient;
  const std::size_t piece = (data[0] >> 1U) + 1U;
  Bytes stream = std::as_bytes(std::span(data, size)).subspan(1);
  Conversation conversation(role);
  std::vector<std::byte> out;
  if (role == Role::kClient) answer(conversation, role, out);
  bool over = false;
  while (!stream.empty()) {
    const std::vector<std::byte> part(stream.begin(),
                                      stream.begin() + static_cast<std::ptrdiff_t>(std::min(piece, stream.size())));
    conversation.feed(part);
    stream = stream.subspan(part.size());
    while (true) {
      const auto message = conversation.next();
      check(conversation);
      if (!message) {
        require(!over && !message.error().code.empty());
        over = true;
        break;
      }
      if (!*message) break;
      require(!over);
    }
    if (over || conversation.state() == State::kClosed) break;
    out.clear();
    answer(conversation, role, out);
    check(conversation);
  }
  return 0;
}
