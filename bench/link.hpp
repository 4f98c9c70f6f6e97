// One end of a session as the probe holds it: a command on a local pty (the floor, or a client such as ssh), a raw TCP
// connection, or a telnet connection with just enough negotiation to be served.
//
// Made to add as little noise as can be: blocking reads, one buffer, no timers; the caller arms alarm(2) against a
// hang, and a failure of the world ends the probe with a message, for a figure taken half is no figure.
#pragma once

#include <sys/types.h>

#include <array>
#include <bitset>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/owned_fd.hpp"

namespace farpty::bench {

// Ends the probe: "probe: cannot connect to raw:4000: connection refused".
[[noreturn]] void die(std::string_view what, std::string_view object, int code);

// CLOCK_MONOTONIC in nanoseconds: the same clock in every process of the machine.
[[nodiscard]] long long now_ns();

// The telnet client's half of RFC 854 for a probe: agrees to the server's ECHO and SUPPRESS-GO-AHEAD, names a terminal
// type and a size when asked, refuses the rest, and answers each option once, so that no loop can arise.
class TelnetFilter {
 public:
  // Removes commands from `data` in place and returns what is text; what must be answered is appended to `reply`.
  std::string_view strip(char* data, std::size_t size, std::string& reply);

 private:
  enum class State { kText, kCommand, kOption, kSub, kSubCommand };
  void option(unsigned char code, std::string& reply);
  void subnegotiation(std::string& reply);

  State state_ = State::kText;
  unsigned char verb_ = 0;
  std::string sub_;
  std::bitset<256> do_seen_, will_seen_;
};

class Link {
 public:
  // target: `pty:COMMAND ARG...` (split at spaces), `raw:PORT`, `telnet:PORT` (both on 127.0.0.1).
  static Link open(const std::string& target);

  Link(Link&&) = default;
  Link& operator=(Link&&) = delete;
  ~Link();  // hangs up; a command on a pty is awaited

  void send(std::string_view text) const;  // text holds no 0xff
  // What has come, at least one byte; empty at the end of the connection. Valid until the next call.
  std::string_view receive();
  // Reads up to and including `marker` and returns all that came, the marker's chunk whole. Dies at end of connection.
  std::string read_until(std::string_view marker);
  // The same for floods: only counts.
  std::size_t count_until(std::string_view marker);
  // Reads to the end of the connection and returns what came.
  std::string read_to_end();

 private:
  explicit Link(std::string target) : target_(std::move(target)) {}
  void start_command(const std::string& command);
  void connect_to(const std::string& port);
  [[nodiscard]] std::string_view fill();

  struct Child {
    pid_t pid = -1;
    Child() = default;
    Child(Child&& other) noexcept : pid(std::exchange(other.pid, -1)) {}
  };

  std::string target_;
  OwnedFd fd_;
  Child child_;
  bool telnet_ = false;
  TelnetFilter filter_;
  std::vector<char> buffer_;
};

}  // namespace farpty::bench
