#include "client/native_talk.hpp"

#include <algorithm>
#include <utility>

namespace farpty::client {

using wire::Channel;

NativeTalk::NativeTalk(std::string user, wire::Start start, Sink& sink)
    : user_(std::move(user)), start_(std::move(start)), sink_(sink), typed_(start_.terminal ? kMaxTyped : kMaxPiped) {}

void NativeTalk::greet(wire::Conversation& conversation, const std::string& user, std::vector<std::byte>& out) {
  conversation.send(wire::Hello{.agent = "farpty/" FARPTY_VERSION, .user = user}, out);
}

std::vector<std::byte> NativeTalk::opening(const std::string& user, const wire::Start& start) {
  wire::Conversation conversation(wire::Role::kClient);
  std::vector<std::byte> out;
  greet(conversation, user, out);
  conversation.send(start, out);
  return out;
}

void NativeTalk::begin(std::vector<std::byte>& out) {
  conversation_ = std::make_unique<wire::Conversation>(wire::Role::kClient);
  detached_ = false;
  // What was asked for on the connection before does not come on this one, nor the rest of what had begun.
  if (redraw_ == Redraw::kAsked || screen_left_ > 0) redraw_ = Redraw::kWanted;
  screen_left_ = 0;
  greet(*conversation_, user_, out);
  const wire::Windows windows{.output = sink_.room(Channel::kOutput), .errors = sink_.room(Channel::kErrors)};
  if (seat_) {
    conversation_->send(
        wire::Resume{.seat = *seat_, .output = output_, .errors = errors_, .windows = windows, .size = start_.size},
        out);
    return;
  }
  start_.windows = windows;
  conversation_->send(start_, out);  // never answered, it is said again on the next connection, and its input with it
}

void NativeTalk::receive(Bytes plain, std::vector<std::byte>& out) {
  if (!conversation_) return;
  conversation_->feed(plain);
  while (conversation_) {
    auto message = conversation_->next();
    if (!message) {
      say(message.error(), out);
      return sink_.failed({.code = "protocol", .text = "the server broke the protocol: " + message.error().text});
    }
    if (!*message) return;
    obey(**message, out);
  }
}

void NativeTalk::obey(const wire::Message& message, std::vector<std::byte>& out) {
  using wire::Type;
  switch (wire::type_of(message)) {
    case Type::kStarted: return started(std::get<wire::Started>(message), out);
    case Type::kData: {
      const auto& data = std::get<wire::Data>(message);
      (data.channel == Channel::kOutput ? output_ : errors_) += data.bytes.size();
      return sink_.show(data.channel, data.bytes);
    }
    case Type::kSnapshot: {
      const auto& snapshot = std::get<wire::Snapshot>(message);
      output_ = snapshot.at;
      screen_left_ = snapshot.size;
      sink_.redraws(snapshot);
      return draw({});
    }
    case Type::kScreen: return draw(std::get<wire::Screen>(message).bytes);
    case Type::kResize: return sink_.far_resized(std::get<wire::Resize>(message).size);
    case Type::kAck: return note_acknowledged();
    case Type::kExit: return sink_.ended(std::get<wire::Exit>(message));
    case Type::kPen:
      return sink_.pen(std::get<wire::Pen>(message).action == wire::PenAction::kHave ? PenState::kHave
                                                                                     : PenState::kHaveNot);
    case Type::kCredential: return sink_.credential(std::get<wire::Credential>(message));
    case Type::kPong: return sink_.pong();
    case Type::kPing: return say(wire::Pong{.cookie = std::get<wire::Ping>(message).cookie}, out);
    case Type::kError: return sink_.failed(std::get<wire::Failure>(message));
    case Type::kBye: return sink_.failed({.code = "bye", .text = "the server said good-bye"});
    default: return;  // hello, eof: nothing to be done; answers to what was never asked do not come here
  }
}

void NativeTalk::draw(Bytes screen) {
  if (!screen.empty()) sink_.show(Channel::kOutput, screen);
  screen_left_ -= std::min<std::uint64_t>(screen_left_, screen.size());
  if (screen_left_ > 0) return;
  redraw_ = Redraw::kNotWanted;
  sink_.redrawn();
}

void NativeTalk::want_redraw(std::vector<std::byte>& out) {
  if (!start_.terminal || redraw_ == Redraw::kAsked) return;
  redraw_ = Redraw::kWanted;
  if (!running()) return;
  conversation_->send(wire::Redraw{}, out);
  redraw_ = Redraw::kAsked;
}

void NativeTalk::started(const wire::Started& started, std::vector<std::byte>& out) {
  const std::uint64_t typed_to = typed_from_ + typed_.size();
  const std::uint64_t output = started.output, errors = started.errors;
  if (seat_ && (started.input < typed_from_ || started.input > typed_to || output != output_ || errors != errors_)) {
    say(wire::Failure{.code = "protocol", .text = "'started' goes on elsewhere than it ended"}, out);
    return sink_.failed({.code = "protocol", .text = "the server does not know how far it had read"});
  }
  seat_ = started.seat;
  output_ = output;
  errors_ = errors;
  note_acknowledged();
  sink_.started(started);
  if (redraw_ == Redraw::kWanted) want_redraw(out);
}

void NativeTalk::note_acknowledged() {
  const std::uint64_t acked = conversation_->sending(Channel::kInput).acked;
  if (acked <= typed_from_) return;
  typed_.pop(static_cast<std::size_t>(acked - typed_from_));
  typed_from_ = acked;
}

void NativeTalk::type(Bytes typed) {
  (void)typed_.push(typed);  // the caller asked input_room()
}

void NativeTalk::send_typed(std::size_t room, std::vector<std::byte>& out) {
  if (!conversation_ || !conversation_->may_send(wire::Type::kData)) return;
  const auto& stream = conversation_->sending(Channel::kInput);
  const std::uint64_t sent_before = stream.sent;
  while (!stream.ended && out.size() < room) {
    const Bytes left = typed_.front().subspan(static_cast<std::size_t>(stream.sent - typed_from_));
    const auto size =
        static_cast<std::size_t>(std::min<std::uint64_t>({left.size(), stream.room(), wire::kGoodPayload}));
    if (size > 0) {
      conversation_->send(wire::Data{.channel = Channel::kInput, .bytes = left.first(size)}, out);
      continue;
    }
    if (left.empty() && input_ended_)
      conversation_->send(wire::Eof{.channel = Channel::kInput, .at = stream.sent}, out);
    if (left.empty() && detaching_ && conversation_->may_send(wire::Type::kDetach)) {
      conversation_->send(wire::Detach{}, out);
      conversation_->send(wire::Bye{}, out);
      detached_ = true;
    }
    break;
  }
  if (stream.sent > sent_before) acknowledge(Due::kAll, out);  // it goes along, behind what somebody waits for
}

bool NativeTalk::owes_acknowledgement() const {
  if (!conversation_ || !conversation_->may_send(wire::Type::kAck)) return false;
  return std::ranges::any_of(std::array{Channel::kOutput, Channel::kErrors}, [this](Channel channel) {
    return conversation_->receiving(channel).received > conversation_->receiving(channel).acked;
  });
}

void NativeTalk::acknowledge(Due due, std::vector<std::byte>& out) {
  if (!conversation_ || !conversation_->may_send(wire::Type::kAck)) return;
  for (const Channel channel : {Channel::kOutput, Channel::kErrors}) {
    const auto& stream = conversation_->receiving(channel);
    const std::uint64_t room = sink_.room(channel);
    const std::uint64_t limit = std::max(stream.limit, stream.received + room);
    const bool has_read = stream.received > stream.acked;
    const bool opens = limit >= stream.limit + sink_.stride();
    if (opens || (due == Due::kAll && has_read))
      conversation_->send(wire::Ack{.channel = channel, .read = stream.received, .limit = limit}, out);
  }
}

void NativeTalk::say(const wire::Message& message, std::vector<std::byte>& out) {
  if (const auto* resize = std::get_if<wire::Resize>(&message)) start_.size = resize->size;
  if (conversation_ && conversation_->may_send(wire::type_of(message))) conversation_->send(message, out);
}

}  // namespace farpty::client
