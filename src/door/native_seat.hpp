// NativeSeat: a native client's place in a session: output becomes messages within the client's window, input is taken in
// the order of its offsets and acknowledged.
//
// It has no socket (the Voice has) and starts nothing. Invariants: what is acknowledged is the session's; input that the
// session has no room for waits in at most input_window() bytes, which is all that the client was allowed to send.
#pragma once

#include <optional>
#include <string>

#include <boost/asio/io_context.hpp>

#include "base/byte_queue.hpp"
#include "base/timer.hpp"
#include "session/seat.hpp"
#include "session/viewer.hpp"
#include "wire/conversation.hpp"

namespace farpty::door {

// What a client may send that has no acknowledgement: what a person types, or what a pipe yields.
inline constexpr std::size_t kTerminalWindow = wire::kInitialWindow;
inline constexpr std::size_t kPipesWindow = 16 * 1024 * 1024;
inline constexpr std::chrono::milliseconds kAckWithin{100};  // what no other message took along

// The connection, as its seat needs it.
class Voice {
 public:
  virtual ~Voice() = default;
  virtual wire::Conversation& conversation() = 0;
  virtual void say(const wire::Message& message) = 0;
  virtual void say_with_next(const wire::Message& message) = 0;  // in one packet with what is said at once after it
  [[nodiscard]] virtual std::size_t room() const = 0;            // bytes that it takes now without making a queue grow
  [[nodiscard]] virtual bool input_waits() const = 0;
  virtual void session_over() = 0;  // said all there is to say; the seat is gone
  virtual boost::asio::io_context& context() = 0;
};

class NativeSeat final : public session::Viewer {
 public:
  NativeSeat(Voice& voice, std::string peer, std::string identity, bool has_terminal);
  ~NativeSeat() override;

  void sit(session::Seat& seat) { seat_ = &seat; }
  // The client says its input from the beginning again: what the session has taken of it already is dropped.
  void skip_taken() { skip_ = seat_->input_taken(); }
  [[nodiscard]] bool is_seated() const { return seat_ != nullptr; }
  [[nodiscard]] std::size_t input_window() const { return has_terminal_ ? kTerminalWindow : kPipesWindow; }
  void begin();  // `started` has been said

  // From the client.
  void typed(Bytes bytes);
  void input_ended();
  void acknowledged();  // the conversation knows what
  void resized_by_client(WindowSize size);
  void signal(const std::string& name);
  void pen(wire::PenAction action);
  void redraw();
  void detach();
  void bye();  // it has got everything
  void room_again();

  // session::Viewer
  [[nodiscard]] std::size_t output_room() const override;
  void output(Bytes bytes) override { say_bytes(wire::Channel::kOutput, bytes); }
  void errors(Bytes bytes) override { say_bytes(wire::Channel::kErrors, bytes); }
  [[nodiscard]] bool input_waits() const override { return voice_.input_waits(); }
  void input_wanted() override { pump_input(); }
  void ended(const session::End& end) override;
  [[nodiscard]] std::string door() const override { return "farpty"; }
  [[nodiscard]] std::string peer() const override { return peer_; }
  [[nodiscard]] std::string identity() const override { return identity_; }
  void jumped(const session::Jump& jump) override;
  void resized(WindowSize size) override;
  void role_changed(session::Role role) override;

 private:
  void say_bytes(wire::Channel channel, Bytes bytes);
  void pump_input();
  void acknowledge_input();
  [[nodiscard]] std::optional<wire::Ack> owed_acknowledgement() const;
  void acknowledge_soon();

  Voice& voice_;
  std::string peer_, identity_;
  bool has_terminal_;
  session::Seat* seat_ = nullptr;
  session::Seat* left_ = nullptr;  // the program has ended, the client has not said yet that it knows
  ByteQueue waiting_;
  bool input_ended_ = false;
  bool end_passed_on_ = false;
  std::uint64_t skip_ = 0;  // bytes
  std::size_t redraw_left_ = 0;
  WindowSize size_;
  bool timing_ = false;
  Timer timer_;
};

}  // namespace farpty::door
