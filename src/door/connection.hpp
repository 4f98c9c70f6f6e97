// Connection: what every door over a stream socket does alike: reading with push-back, a bounded queue of what the peer has
// not taken, half-close, and an end that loses nothing. What the bytes mean is for the door's own class to say.
//
// Invariants: at most kMaxUnsent bytes of program output wait here; a broken socket is told to the session in a later round,
// never from inside output(); closed() is called once, and the connection is destroyed after it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/byte_queue.hpp"
#include "base/later.hpp"
#include "base/owned_fd.hpp"
#include "base/readiness.hpp"
#include "base/timer.hpp"
#include "door/first_bytes.hpp"
#include "door/gate.hpp"
#include "door/guest.hpp"
#include "door/settings.hpp"
#include "session/registry.hpp"
#include "session/viewer.hpp"

namespace farpty::door {

// Output that the socket has not taken: with the kernel's 16 KiB (net/socket.cpp) all that Ctrl-C cannot call back.
inline constexpr std::size_t kMaxUnsent = 32 * 1024;
// Typed before the program runs: a door that negotiates first.
inline constexpr std::size_t kMaxEarlyInput = 4096;

// What all doors of a loop share; outlives them.
class Doorkeeper;

struct Shared {
  session::Loop loop;
  session::Registry& registry;
  Gate& gate;
  std::vector<std::byte> encoded;  // scratch for the doors that encode: nothing stays in it between two calls
  Doorkeeper* keeper = nullptr;    // of the native doors; null: there are none
};

class Connection : public Guest, public session::Viewer {
 public:
  Connection(Shared& shared, std::shared_ptr<const Settings> settings, OwnedFd socket, Gate::Pass pass,
             std::function<void(Guest&)> closed);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() override;

  // Begins: the door's greeting, then reading.
  Result<> open() override;
  [[nodiscard]] std::string name() const final { return peer(); }

  [[nodiscard]] std::size_t output_room() const final;
  [[nodiscard]] bool input_waits() const final;
  void input_wanted() final { read(); }
  void ended(const session::End& end) final;
  [[nodiscard]] std::string peer() const final { return pass_.peer(); }
  [[nodiscard]] std::string identity() const final { return pass_.who(); }

 protected:
  virtual void begin() = 0;              // the connection stands: start the program now or after negotiating
  virtual void receive(Bytes wire) = 0;  // from the peer, in the door's protocol: to be decoded and typed
  virtual void end_of_peer() {}          // it half-closed: type what is still held back
  virtual void say_bytes(Bytes text) { send(text); }  // text of ours for the peer's screen

  void start_program(const std::string& term, WindowSize size);
  void type(Bytes bytes);                // input for the program; kept until it runs
  void send(Bytes wire);                 // to the peer, already encoded
  void say(const std::string& message);  // one line from us, in the door's protocol
  [[nodiscard]] session::Seat* seat() const { return seat_; }
  [[nodiscard]] const Settings& settings() const { return *settings_; }
  [[nodiscard]] boost::asio::io_context& context() const { return shared_.loop.context; }
  [[nodiscard]] std::vector<std::byte>& scratch() const { return shared_.encoded; }

 private:
  enum class State { kOpen, kFlushing, kLingering, kClosed };

  void read();
  void peer_ended();
  void watch_for_breakage();
  void flush();
  void lost();
  void finish_sending(std::chrono::seconds patience);
  void linger();
  void see_off();
  void close();

  Shared& shared_;
  std::shared_ptr<const Settings> settings_;
  OwnedFd socket_;
  Readiness readiness_;  // after socket_: gone before it is closed
  Gate::Pass pass_;
  std::function<void(Guest&)> closed_;
  session::Seat* seat_ = nullptr;
  FirstBytes first_bytes_;
  State state_ = State::kOpen;
  ByteQueue early_input_{kMaxEarlyInput};
  // Twice the bound for what a protocol's escaping adds, and room for our own lines.
  ByteQueue unsent_{2 * kMaxUnsent + 4096};
  bool peer_half_closed_ = false;
  bool broken_ = false;
  bool reading_ = false;
  Later later_;
  Timer timer_;
  session::Clock::time_point linger_until_;
};

}  // namespace farpty::door
