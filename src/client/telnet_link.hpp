// TelnetLink: telnet:// as the client speaks it: the terminal's type and size told, echo and editing where the server wants
// them. It starts no negotiation: a service that knows no telnet gets what the user types, as lines, and nothing else.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "client/link.hpp"
#include "telnet/endpoint.hpp"

namespace farpty::client {

// What a terminal of this TERM is called, the best name first: "xterm-256color", "xterm". A server that does not know the
// first one may know the second.
[[nodiscard]] std::vector<std::string> terminal_types(std::string_view term);

class TelnetLink final : public Link, private telnet::Receiver {
 public:
  explicit TelnetLink(std::vector<std::string> terminal_types);

  void receive(Bytes wire, std::string& shown, std::string& answers) override;
  void type(Bytes typed, std::string& wire) override;
  void resize(WindowSize size, std::string& wire) override;
  void begin(std::string&) override {}
  [[nodiscard]] Typing typing() const override;
  bool interrupt(std::string& wire) override;

 private:
  void on_data(Bytes data) override { *shown_ += as_text(data); }
  void on_option(telnet::Option option, telnet::Side side, telnet::Wish wish) override;
  void flush(std::string& wire) { type({}, wire); }

  telnet::Endpoint telnet_;
  std::string* shown_ = nullptr;  // during receive()
  std::vector<std::byte> encoded_;
};

}  // namespace farpty::client
