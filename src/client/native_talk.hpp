// NativeTalk: the client's side of a native session over all of its connections: what was typed and not acknowledged yet,
// how far the output was read, and what to say on a new connection so that nothing is lost and nothing comes twice.
//
// It has no socket, no terminal and no clock: bytes in, bytes and calls to its Sink out. Invariants: input is kept until the
// server has acknowledged it; each byte of output is shown once.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/byte_queue.hpp"
#include "wire/conversation.hpp"

namespace farpty::client {

// What was typed and not acknowledged: of a person far more than he types while a connection is away, of pipes as much as
// their server takes at a time.
inline constexpr std::size_t kMaxTyped = 1024 * 1024;
inline constexpr std::size_t kMaxPiped = 16 * 1024 * 1024;

enum class PenState { kHave, kHaveNot };

class NativeTalk {
 public:
  class Sink {
   public:
    virtual ~Sink() = default;
    virtual void show(wire::Channel channel, Bytes bytes) = 0;
    // How many bytes of a stream it takes now.
    [[nodiscard]] virtual std::size_t room(wire::Channel channel) const = 0;
    // How many more the server may then say before it is told.
    [[nodiscard]] virtual std::uint64_t stride() const = 0;
    virtual void started(const wire::Started& started) = 0;
    // The session's size, for the output from here on.
    virtual void far_resized(const wire::Size& size) = 0;
    // The terminal is drawn anew by what is shown from here to redrawn(), whatever it shows now.
    virtual void redraws(const wire::Snapshot& snapshot) = 0;
    virtual void redrawn() = 0;
    virtual void ended(const wire::Exit& exit) = 0;
    virtual void failed(const wire::Failure& failure) = 0;  // by the server, or its breach of the protocol
    virtual void pen(PenState state) = 0;
    virtual void credential(const wire::Credential& credential) = 0;
    virtual void pong() = 0;  // the answer to a ping
  };

  NativeTalk(std::string user, wire::Start start, Sink& sink);

  // What is said on the first connection, where `start` has its size and its windows.
  static std::vector<std::byte> opening(const std::string& user, const wire::Start& start);

  // A connection stands: appends what is to be said first. Forgets the one before.
  void begin(std::vector<std::byte>& out);
  // What the other end said. Appends what is to be answered.
  void receive(Bytes plain, std::vector<std::byte>& out);

  // Keeps what was typed, at most input_room() bytes; send_typed() says it.
  void type(Bytes typed);
  void end_input() { input_ended_ = true; }
  // Leaves the session, which goes on, as soon as all that was typed is on its way. The server then ends the connection.
  void leave() { detaching_ = true; }
  // Appends what was typed and not said on this connection, as far as the window is open and until `out` holds `room` bytes;
  // after the last of it its end, or the detaching.
  void send_typed(std::size_t room, std::vector<std::byte>& out);
  // Asks for a snapshot, now or as soon as the session runs again. One that is under way serves as well.
  void want_redraw(std::vector<std::byte>& out);
  [[nodiscard]] bool is_redrawing() const { return screen_left_ > 0; }
  [[nodiscard]] std::size_t input_room() const { return typed_.room(); }
  [[nodiscard]] bool input_is_taken() const { return typed_.empty(); }

  // Appends an ack where one is due: `all` also where it could still wait.
  enum class Due { kWindow, kAll };
  void acknowledge(Due due, std::vector<std::byte>& out);
  [[nodiscard]] bool owes_acknowledgement() const;

  // Appends any other message, if it may be said now.
  void say(const wire::Message& message, std::vector<std::byte>& out);

  [[nodiscard]] bool running() const { return conversation_ && conversation_->state() == wire::State::kRunning; }
  [[nodiscard]] bool has_seat() const { return seat_.has_value(); }
  // Whether the server was told to let the session go on without us.
  [[nodiscard]] bool has_detached() const { return conversation_ && detached_; }

 private:
  static void greet(wire::Conversation& conversation, const std::string& user, std::vector<std::byte>& out);
  void obey(const wire::Message& message, std::vector<std::byte>& out);
  void started(const wire::Started& started, std::vector<std::byte>& out);
  void note_acknowledged();
  void draw(Bytes screen);

  std::string user_;
  wire::Start start_;
  Sink& sink_;
  std::unique_ptr<wire::Conversation> conversation_;
  std::optional<wire::Seat> seat_;  // once started

  ByteQueue typed_;               // not acknowledged
  std::uint64_t typed_from_ = 0;  // offset of its first byte
  bool input_ended_ = false;
  bool detaching_ = false, detached_ = false;
  std::uint64_t output_ = 0, errors_ = 0;  // read, over all connections
  enum class Redraw { kNotWanted, kWanted, kAsked };
  Redraw redraw_ = Redraw::kNotWanted;
  std::uint64_t screen_left_ = 0;  // bytes of a snapshot
};

}  // namespace farpty::client
