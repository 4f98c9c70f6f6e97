// The telnet door: RFC 854 with ECHO, SUPPRESS-GO-AHEAD, BINARY, NAWS and TERMINAL-TYPE (src/telnet/).
//
// The program starts when the peer has told or refused its terminal type and its window, or after Settings::telnet_wait:
// netcat and half the telnet clients of this world never answer. A window that is told later is still a resize.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/timer.hpp"
#include "door/connection.hpp"
#include "door/terminal_name.hpp"
#include "telnet/endpoint.hpp"

namespace farpty::door {

class TelnetConnection final : public Connection, private telnet::Receiver {
 public:
  using Connection::Connection;
  void output(Bytes bytes) override;
  [[nodiscard]] std::string door() const override { return "telnet"; }

 private:
  void begin() override;
  void receive(Bytes wire) override;
  void say_bytes(Bytes text) override { output(text); }

  void on_data(Bytes data) override { type(data); }
  void on_event(telnet::Event event) override;
  void on_window(telnet::WindowSize size) override;
  telnet::TypeChoice on_terminal_type(std::string_view name) override;

  void start();

  telnet::Endpoint telnet_{telnet::Role::kServer};
  WindowSize size_;
  // Only until the program runs: the names that were told, and the time left for it.
  struct Negotiation {
    explicit Negotiation(boost::asio::io_context& context) : timer(context) {}
    TerminalName name;
    Timer timer;
  };
  std::unique_ptr<Negotiation> negotiation_;
};

}  // namespace farpty::door
