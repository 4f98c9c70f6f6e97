// Endpoint: one end of a telnet connection, server or client: bytes from the peer in, data and events out, and back.
//
// It owns the negotiation of options and the order of what is sent: a command never passes data that was encoded before
// it. It owns no descriptor, no clock and no queue of data.
//
// Invariants: two endpoints that talk to each other fall silent; what a peer can make us owe is bounded by kReplyBound
// (receive() stops early, which pushes back on the peer); unknown options are refused once.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "telnet/decoder.hpp"
#include "telnet/encoder.hpp"
#include "telnet/option_negotiation.hpp"
#include "telnet/protocol.hpp"
#include "telnet/terminal_type.hpp"

namespace farpty::telnet {

// With so many bytes of replies unsent, receive() takes nothing more. One request adds at most kLongestReply.
inline constexpr std::size_t kReplyBound = 1024;
inline constexpr std::size_t kLongestReply = 64;

// What a peer's command asks for. The others are answered here (AYT) or mean nothing to a program on a terminal (NOP,
// GA; DM, whose urgent pointer we ignore: the byte must arrive in line, so the socket needs SO_OOBINLINE).
enum class Event : std::uint8_t {
  kInterrupt,       // IP: the tty's VINTR
  kBreak,           // BRK: what a line's break does
  kAbortOutput,     // AO
  kEraseCharacter,  // EC: VERASE
  kEraseLine,       // EL: VKILL
  kEndOfFile,       // VEOF
  kSuspend,         // VSUSP
  kAbort,           // VQUIT
};

// Where an endpoint tells what it received, in the order of the stream. None of these may call receive() or encode().
class Receiver {
 public:
  virtual ~Receiver() = default;
  virtual void on_data(Bytes data) = 0;  // never empty; borrowed for the call
  virtual void on_event(Event) {}
  // Server: the client's window; a 0 means "not told" (RFC 1073). Told again whenever the client says so.
  virtual void on_window(WindowSize) {}
  // Server: one of the client's terminal types, valid (valid_terminal_type) and not seen before, in the client's letter
  // case. kNext asks for another one; when there is none, the first one is what the client is left at.
  virtual TypeChoice on_terminal_type(std::string_view) { return TypeChoice::kTake; }
  // An option began or ended, e.g. at the client (kEcho, kTheirs): the server echoes, so the client must not.
  virtual void on_option(Option, Side, Wish) {}
};

struct Settings {
  std::vector<std::string> terminal_types;  // client: names told in this order; without one, TERMINAL-TYPE is refused
  std::optional<WindowSize> window;         // client: without one, NAWS is refused
};

class Endpoint {
 public:
  explicit Endpoint(Role role, Settings settings = {});

  // Server: asks for all it wants (ECHO, SUPPRESS-GO-AHEAD and BINARY both ways, NAWS, TERMINAL-TYPE).
  // A client starts nothing: a service that knows no telnet gets no byte that the user did not type.
  void start();

  // Takes bytes from the peer in order. Returns how many were taken: all, or fewer when kReplyBound is reached; then
  // take the output, and call again with the rest.
  [[nodiscard]] std::size_t receive(Bytes wire, Receiver& to);

  // Appends to `out` what waits to be sent, and after it `data` as the present mode writes it.
  void encode(Bytes data, std::vector<std::byte>& out);

  // Something waits to be sent: call flush() (or encode()).
  [[nodiscard]] bool has_output() const noexcept { return !replies_.empty() || window_waits_; }
  void flush(std::vector<std::byte>& out) { encode({}, out); }

  // Client: the window changed; told when the server wants to know. Only the newest size waits to be sent.
  void set_window(WindowSize size);

  // Sends a command such as IP or BRK: for the client. Does nothing while kReplyBound is reached.
  void send(Command command);

  // Begins or ends an option, where our role allows it. A Receiver hears only what the peer's answer then changes.
  void ask(Option option, Side side, Wish wish);

  [[nodiscard]] const OptionNegotiation& option(Option option, Side side) const noexcept;

  // Server: TERMINAL-TYPE and NAWS are answered or refused. (Before start(): false.)
  [[nodiscard]] bool negotiated() const noexcept { return window_settled_ && types_.settled(); }

 private:
  class Dispatch;

  [[nodiscard]] bool allowed(Option option, Side side) const noexcept;
  [[nodiscard]] OptionNegotiation& at(Option option, Side side) noexcept;
  void negotiate(Side side, Wish wish, std::uint8_t code, Receiver& to);
  void refuse(Side side, std::uint8_t code);
  void moved(Option option, Side side);
  void update_newlines() noexcept;
  void command(std::uint8_t code, Receiver& to);
  void subnegotiation(Bytes content, Receiver& to);
  void window_told(Bytes content, Receiver& to);
  void type_told(Bytes content, Receiver& to);
  void type_asked(Bytes content);
  void ask_type();

  [[nodiscard]] bool full() const noexcept { return replies_.size() >= kReplyBound; }
  void reply(Bytes bytes);
  void reply(Side side, Wish wish, std::uint8_t code);

  Role role_;
  Decoder decoder_;
  Encoder encoder_;
  std::array<std::array<OptionNegotiation, kOptionCount>, 2> options_;  // [side][option]
  std::array<std::bitset<256>, 2> refused_;                             // [side][option code]
  std::vector<std::byte> replies_;                                      // at most kReplyBound + kLongestReply

  TerminalTypeQuery types_;           // server
  bool window_settled_ = false;       // server
  TerminalTypeList names_;            // client
  std::optional<WindowSize> window_;  // client
  bool window_waits_ = false;         // client: window_ is to be sent
};

}  // namespace farpty::telnet
