// Frames of farpty/1: a header of four bytes (length, type, channel) and a payload. docs/protocol/farpty-1.md, "Frames".
//
// It knows where a frame ends and which types there are, not what a payload means (messages.hpp) nor when it may come
// (conversation.hpp). Pure. Invariant: at most one incomplete frame is held, and nothing of a refused stream is handed out.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace farpty::wire {

inline constexpr std::size_t kHeaderSize = 4;
inline constexpr std::size_t kMaxPayload = 0xffff;  // the length has two bytes

// Numbers are for ever: a type that is no longer used leaves its number empty.
enum class Type : std::uint8_t {
  kHello = 1,
  kStart = 2,
  kResume = 3,
  kStarted = 4,
  kData = 5,
  kAck = 6,
  kEof = 7,
  kResize = 8,
  kSignal = 9,
  kExit = 10,
  kDetach = 11,
  kList = 12,
  kSessions = 13,
  kKill = 14,
  kDone = 15,
  kPen = 16,
  kSnapshot = 17,
  kScreen = 18,
  kCredential = 19,
  kInvite = 20,
  kInvitation = 21,
  kPing = 22,
  kPong = 23,
  kError = 24,
  kBye = 25,
  kRedraw = 26,
};
inline constexpr std::uint8_t kLastType = 26;

[[nodiscard]] std::string_view name_of(Type type);

enum class Channel : std::uint8_t { kInput = 0, kOutput = 1, kErrors = 2, kNone = 255 };

// Whether frames of this type belong to one of the byte streams; all others are on Channel::kNone.
[[nodiscard]] constexpr bool has_channel(Type type) {
  return type == Type::kData || type == Type::kAck || type == Type::kEof;
}

struct Frame {
  Type type = Type::kBye;
  Channel channel = Channel::kNone;
  Bytes payload;  // borrowed: good until the splitter is fed again
};

// Appends one frame to `out`; `payload` is at most kMaxPayload bytes.
void append_frame(Type type, Channel channel, Bytes payload, std::vector<std::byte>& out);

// Cuts a stream into frames, however it was divided on its way.
class Splitter {
 public:
  // More of the stream. `bytes` is borrowed until next() has answered nothing.
  void feed(Bytes bytes);
  // The next whole frame; nothing: feed more. An error (unknown type, impossible channel) is final for this stream.
  [[nodiscard]] Result<std::optional<Frame>> next();
  [[nodiscard]] bool in_the_middle() const { return !held_.empty(); }

 private:
  [[nodiscard]] Result<std::optional<Frame>> cut(Bytes whole) const;

  Bytes fed_;
  std::vector<std::byte> held_;    // the beginning of a frame that fed_ continues
  std::vector<std::byte> joined_;  // a frame that came in pieces, while it is looked at
};

}  // namespace farpty::wire
