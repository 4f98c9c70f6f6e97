#include "wire/frame.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "base/check.hpp"

namespace farpty::wire {

namespace {

constexpr std::array<std::string_view, kLastType + 1> kNames = {
    "",       "hello",      "start",  "resume",     "started",  "data", "ack",   "eof", "resize",
    "signal", "exit",       "detach", "list",       "sessions", "kill", "done",  "pen", "snapshot",
    "screen", "credential", "invite", "invitation", "ping",     "pong", "error", "bye", "redraw"};

std::size_t payload_size(Bytes header) {
  return std::to_integer<std::size_t>(header[0]) << 8 | std::to_integer<std::size_t>(header[1]);
}

std::unexpected<Error> refused(std::string reason) {
  return failure("cannot understand", "a frame", std::move(reason));
}

}  // namespace

std::string_view name_of(Type type) { return kNames[static_cast<std::size_t>(type)]; }

void append_frame(Type type, Channel channel, Bytes payload, std::vector<std::byte>& out) {
  FARPTY_CHECK(payload.size() <= kMaxPayload);
  const std::byte header[kHeaderSize] = {static_cast<std::byte>(payload.size() >> 8),
                                         static_cast<std::byte>(payload.size() & 0xff), static_cast<std::byte>(type),
                                         static_cast<std::byte>(channel)};
  out.insert(out.end(), std::begin(header), std::end(header));
  out.insert(out.end(), payload.begin(), payload.end());
}

// Of a conversation that is over (conversation.hpp) nothing more is taken out, and what was left of it does not count.
void Splitter::feed(Bytes bytes) { fed_ = bytes; }

// The header is judged as soon as it is there: a length is only believed of a frame that may exist.
Result<std::optional<Frame>> Splitter::cut(Bytes whole) const {
  if (whole.size() < kHeaderSize) return std::nullopt;
  const auto type = std::to_integer<std::uint8_t>(whole[2]);
  const auto channel = std::to_integer<std::uint8_t>(whole[3]);
  if (type == 0 || type > kLastType) return refused("there is no type " + std::to_string(type));
  Frame frame{.type = static_cast<Type>(type), .channel = static_cast<Channel>(channel), .payload = {}};
  const bool fits = has_channel(frame.type) ? channel <= static_cast<std::uint8_t>(Channel::kErrors)
                                            : frame.channel == Channel::kNone;
  if (!fits) return refused(std::string(name_of(frame.type)) + " cannot be on channel " + std::to_string(channel));
  if (whole.size() < kHeaderSize + payload_size(whole)) return std::nullopt;
  frame.payload = whole.subspan(kHeaderSize, payload_size(whole));
  return frame;
}

Result<std::optional<Frame>> Splitter::next() {
  joined_ = {};
  if (held_.empty()) {
    auto frame = cut(fed_);
    if (frame && *frame) {
      fed_ = fed_.subspan(kHeaderSize + (*frame)->payload.size());
    } else {
      if (frame) held_.assign(fed_.begin(), fed_.end());
      fed_ = {};
    }
    return frame;
  }
  // First the rest of the header, which tells how much else is wanted.
  const auto take = [this](std::size_t wanted) {
    const Bytes more = fed_.first(std::min(fed_.size(), wanted - std::min(wanted, held_.size())));
    held_.insert(held_.end(), more.begin(), more.end());
    fed_ = fed_.subspan(more.size());
  };
  take(kHeaderSize);
  if (held_.size() >= kHeaderSize) {
    held_.reserve(kHeaderSize + payload_size(held_));
    take(kHeaderSize + payload_size(held_));
  }
  if (auto frame = cut(held_); !frame || *frame) {
    joined_ = std::exchange(held_, {});
    return cut(joined_);
  }
  fed_ = {};
  return std::nullopt;
}

}  // namespace farpty::wire
