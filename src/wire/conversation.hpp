// Conversation: one end of a farpty/1 connection, as a state machine: what may be said when, by whom, and how much of each
// byte stream. docs/protocol/farpty-1.md, "States", "Streams".
//
// It carries no bytes itself (the caller does) and starts no programs. Pure. Invariants: whatever is not allowed is refused
// (default deny: the table in conversation.cpp); after a fault, `bye` or `error` nothing is handed out any more; received
// bytes are never more than were granted, and an acknowledgement never names a byte that was not sent.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <vector>

#include "wire/messages.hpp"

namespace farpty::wire {

enum class Role : std::uint8_t { kClient, kServer };

// As this end knows it.
enum class State : std::uint8_t {
  kHello,    // the other end's hello has not come
  kReady,    // both have said hello; no session was asked for
  kAsked,    // start or resume is under way
  kRunning,  // started
  kEnded,    // exit was said, or the client detached
  kClosed,   // bye, error or a fault
};
inline constexpr std::size_t kStates = 6;

// The bytes of one stream that this end sends.
struct Sending {
  std::uint64_t sent = 0, acked = 0, limit = 0;
  bool ended = false;

  [[nodiscard]] std::uint64_t room() const { return ended || limit <= sent ? 0 : limit - sent; }
};

// The bytes of one stream that this end receives.
struct Receiving {
  std::uint64_t received = 0, acked = 0, limit = 0;
  bool ended = false;
};

class Conversation {
 public:
  explicit Conversation(Role role);

  // More of the other end's stream; borrowed until next() has answered nothing.
  void feed(Bytes bytes) { splitter_.feed(bytes); }

  // The next message. A fault is to be sent to the other end as it is; the conversation is closed then.
  [[nodiscard]] std::expected<std::optional<Message>, Failure> next();

  // Appends a message to `out`. Only what may_send(): anything else is our own bug.
  void send(const Message& message, std::vector<std::byte>& out);
  [[nodiscard]] bool may_send(Type type) const;

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] const Hello& peer() const { return peer_; }  // its hello; from kReady on
  [[nodiscard]] const Sending& sending(Channel channel) const { return sending_[index(channel)]; }
  [[nodiscard]] const Receiving& receiving(Channel channel) const { return receiving_[index(channel)]; }

 private:
  static std::size_t index(Channel channel) { return static_cast<std::size_t>(channel); }
  [[nodiscard]] std::optional<Failure> admit(const Frame& frame) const;
  [[nodiscard]] std::optional<Failure> take(const Message& message);
  [[nodiscard]] std::optional<Failure> take_stream(const Message& message);
  [[nodiscard]] std::optional<Failure> take_answer(Type type);
  [[nodiscard]] std::optional<Failure> take_screen(const Message& message);
  void note(const Message& message);
  void begin(const Windows& windows);
  void begin(const Started& started);

  Role role_;
  State state_ = State::kHello;
  Splitter splitter_;
  Hello peer_;
  bool hello_sent_ = false;
  bool asked_ = false;     // start or resume was sent or received
  bool resuming_ = false;  // it was resume
  bool broken_ = false;    // a fault was found
  Windows windows_;        // as start or resume said
  std::uint64_t screen_left_ = 0;
  std::array<unsigned, 3> unanswered_{};  // of list, kill, invite
  std::array<Sending, 3> sending_;
  std::array<Receiving, 3> receiving_;
};

}  // namespace farpty::wire
