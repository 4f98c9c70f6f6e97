#include "door/native_seat.hpp"

#include <algorithm>
#include <csignal>
#include <utility>

#include "base/signal_name.hpp"
#include "door/native_start.hpp"
#include "session/history.hpp"
#include "session/session.hpp"

namespace farpty::door {

namespace {

using wire::Channel;

static_assert(session::kMaxRedraw <= wire::kMaxSnapshot);

constexpr std::size_t kAckAfter = 32 * 1024;  // received bytes
constexpr std::size_t kAckAfterPiped =
    256 * 1024;  // what the client keeps until then finds room in a processor's cache

// RFC 4254, 6.10; what a terminal has a character for is typed, the rest is not for a peer to send.
std::optional<pty::ControlCharacter> character_of(std::string_view signal) {
  if (signal == "INT") return pty::ControlCharacter::kInterrupt;
  if (signal == "QUIT") return pty::ControlCharacter::kQuit;
  if (signal == "TSTP") return pty::ControlCharacter::kSuspend;
  return std::nullopt;
}

wire::Cause cause_of(session::Cause cause) {
  switch (cause) {
    case session::Cause::kIdle: return wire::Cause::kIdle;
    case session::Cause::kMaxDuration: return wire::Cause::kDuration;
    case session::Cause::kKilled:
    case session::Cause::kNotRecorded: return wire::Cause::kKilled;
    case session::Cause::kServerStopping: return wire::Cause::kStopping;
    case session::Cause::kProgramEnded:
    case session::Cause::kPeerGone:
    case session::Cause::kReplaced: break;
  }
  return wire::Cause::kProgram;
}

std::string text_of(session::Cause cause) {
  switch (cause) {
    case session::Cause::kIdle: return "hung up: no input for too long";
    case session::Cause::kMaxDuration: return "hung up: its time is over";
    case session::Cause::kKilled: return "hung up by farpty kill";
    case session::Cause::kServerStopping: return "hung up: the server is stopping";
    case session::Cause::kNotRecorded: return "hung up: it can no longer be recorded";
    default: return {};
  }
}

std::string signal_name(int number) {
  const char* const name = farpty::signal_name(number);
  return name != nullptr ? name : std::to_string(number);
}

}  // namespace

NativeSeat::NativeSeat(Voice& voice, std::string peer, std::string identity, bool has_terminal)
    : voice_(voice),
      peer_(std::move(peer)),
      identity_(std::move(identity)),
      has_terminal_(has_terminal),
      waiting_(input_window()),
      timer_(voice.context()) {}

NativeSeat::~NativeSeat() {
  if (auto* const seat = std::exchange(seat_, nullptr)) seat->viewer_gone();
  if (auto* const seat = std::exchange(left_, nullptr)) seat->viewer_gone();
}

void NativeSeat::bye() {
  if (auto* const seat = std::exchange(left_, nullptr)) seat->detach();
}

void NativeSeat::begin() {
  if (seat_ != nullptr) seat_->output_wanted();
}

void NativeSeat::typed(Bytes bytes) {
  if (seat_ == nullptr) return;
  const std::uint64_t skipped = std::min<std::uint64_t>(skip_, bytes.size());
  skip_ -= skipped;
  bytes = bytes.subspan(static_cast<std::size_t>(skipped));
  while (waiting_.empty() && !bytes.empty() && seat_ != nullptr && seat_->input_room() > 0) {
    const Bytes some = bytes.first(std::min(seat_->input_room(), bytes.size()));
    bytes = bytes.subspan(some.size());
    seat_->input(some);
  }
  // The window has never more room than this queue.
  (void)waiting_.push(bytes);
  pump_input();
}

void NativeSeat::pump_input() {
  if (seat_ == nullptr) return;
  while (!waiting_.empty()) {
    const std::size_t room = seat_->input_room();
    if (room == 0) break;
    const Bytes some = waiting_.front().first(std::min(room, waiting_.size()));
    seat_->input(some);
    waiting_.pop(some.size());
    if (seat_ == nullptr) return;
  }
  if (waiting_.empty() && input_ended_ && !std::exchange(end_passed_on_, true)) seat_->end_input();
  acknowledge_soon();
}

void NativeSeat::input_ended() {
  input_ended_ = true;
  pump_input();
}

void NativeSeat::acknowledge_soon() {
  const auto& stream = voice_.conversation().receiving(Channel::kInput);
  const std::uint64_t taken = seat_->input_taken();
  if (taken <= stream.acked) return;
  if (taken - stream.acked >= (has_terminal_ ? kAckAfter : kAckAfterPiped)) return acknowledge_input();
  if (std::exchange(timing_, true)) return;
  timer_.run_after(kAckWithin, [this] {
    timing_ = false;
    acknowledge_input();
  });
}

std::optional<wire::Ack> NativeSeat::owed_acknowledgement() const {
  if (seat_ == nullptr || !voice_.conversation().may_send(wire::Type::kAck)) return std::nullopt;
  const auto& stream = voice_.conversation().receiving(Channel::kInput);
  const std::uint64_t taken = std::min(seat_->input_taken(), stream.received);
  if (taken <= stream.acked) return std::nullopt;
  return wire::Ack{.channel = Channel::kInput, .read = taken, .limit = std::max(stream.limit, taken + input_window())};
}

void NativeSeat::acknowledge_input() {
  if (const auto ack = owed_acknowledgement()) voice_.say(*ack);
}

void NativeSeat::acknowledged() {
  if (seat_ == nullptr) return;
  const auto& conversation = voice_.conversation();
  seat_->acknowledge(conversation.sending(Channel::kOutput).acked + conversation.sending(Channel::kErrors).acked);
  if (seat_ != nullptr && output_room() > 0) seat_->output_wanted();
}

void NativeSeat::room_again() {
  if (seat_ != nullptr && output_room() > 0) seat_->output_wanted();
}

void NativeSeat::resized_by_client(WindowSize size) {
  if (seat_ != nullptr) seat_->resize(size);
}

void NativeSeat::signal(const std::string& name) {
  if (seat_ == nullptr) return;
  const bool may_end = !has_terminal_ && seat_->role() == session::Role::kWriter;
  if (may_end && name == "HUP") return seat_->session().finish(session::Cause::kPeerGone);
  if (const auto character = character_of(name)) seat_->type(*character);
}

void NativeSeat::pen(wire::PenAction action) {
  if (seat_ == nullptr) return;
  if (action == wire::PenAction::kTake)
    seat_->take_pen();
  else if (seat_->role() == session::Role::kWriter)
    seat_->hand_pen_over();
  role_changed(seat_->role());
}

void NativeSeat::redraw() {
  if (seat_ != nullptr && has_terminal_) seat_->redraw();
}

void NativeSeat::detach() {
  if (auto* const seat = std::exchange(seat_, nullptr)) seat->detach();
  voice_.session_over();
}

std::size_t NativeSeat::output_room() const {
  if (redraw_left_ > 0) return std::min(voice_.room(), redraw_left_);
  // The session has one order for both streams, so the fuller window counts, as with ssh's single one.
  const auto& conversation = voice_.conversation();
  const std::uint64_t window = has_terminal_ ? conversation.sending(Channel::kOutput).room()
                                             : std::min(conversation.sending(Channel::kOutput).room(),
                                                        conversation.sending(Channel::kErrors).room());
  return static_cast<std::size_t>(std::min<std::uint64_t>(voice_.room(), window));
}

void NativeSeat::say_bytes(Channel channel, Bytes bytes) {
  // In a packet of its own it would wake the client once more; before the bytes it would keep him from showing them.
  const auto ack = bytes.empty() ? std::nullopt : owed_acknowledgement();
  while (!bytes.empty()) {
    const Bytes some = bytes.first(std::min(bytes.size(), wire::kGoodPayload));
    bytes = bytes.subspan(some.size());
    wire::Message message = wire::Data{.channel = channel, .bytes = some};
    if (redraw_left_ > 0) message = wire::Screen{.bytes = some};
    redraw_left_ -= std::min(redraw_left_, some.size());
    bytes.empty() && !ack ? voice_.say(message) : voice_.say_with_next(message);
  }
  if (ack) voice_.say(*ack);
}

void NativeSeat::jumped(const session::Jump& jump) {
  redraw_left_ = jump.redraw;
  // The session counts both streams together, the client each: what was skipped of either is the output's.
  const std::uint64_t errors = voice_.conversation().sending(Channel::kErrors).sent;
  voice_.say(wire::Snapshot{
      .at = jump.offset - errors, .skipped = jump.skipped, .size = jump.redraw, .screen = size_of(size_)});
}

void NativeSeat::resized(WindowSize size) {
  size_ = size;
  if (has_terminal_) voice_.say(wire::Resize{.size = size_of(size)});
}

void NativeSeat::role_changed(session::Role role) {
  voice_.say(wire::Pen{.action = role == session::Role::kWriter ? wire::PenAction::kHave : wire::PenAction::kHaveNot});
}

void NativeSeat::ended(const session::End& end) {
  if (std::exchange(left_, nullptr) != nullptr) return;  // hung up while the client was still to say good-bye
  left_ = end.cause == session::Cause::kProgramEnded ? seat_ : nullptr;
  seat_ = nullptr;
  timer_.cancel();
  if (end.cause == session::Cause::kReplaced) {
    voice_.say(wire::Failure{.code = "replaced", .text = "this session was taken up by another connection of yours"});
    return voice_.session_over();
  }
  for (const Channel channel : {Channel::kOutput, Channel::kErrors})
    voice_.say(wire::Eof{.channel = channel, .at = voice_.conversation().sending(channel).sent});
  wire::Exit exit{.cause = cause_of(end.cause), .text = text_of(end.cause)};
  if (end.cause == session::Cause::kProgramEnded) {
    if (end.status.signal != 0) {
      exit.number = static_cast<unsigned>(end.status.signal);
      exit.signal = signal_name(end.status.signal);
    } else {
      exit.status = static_cast<unsigned>(end.status.code) & 0xffU;
    }
  }
  voice_.say(exit);
  voice_.session_over();
}

}  // namespace farpty::door
