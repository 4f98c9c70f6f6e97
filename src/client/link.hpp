// Link: the protocol that the client speaks with the far end, between the socket's bytes and the terminal's.
//
// Pure towards the client: bytes in, bytes out; the client owns the socket and the terminal.
#pragma once

#include <memory>
#include <string>

#include "base/bytes.hpp"
#include "client/typing.hpp"
#include "net/url.hpp"
#include "tty/winsize.hpp"

namespace farpty::client {

class Link {
 public:
  virtual ~Link() = default;

  // Appends to `shown` what the user is to see of `wire`, and to `answers` what the protocol replies.
  virtual void receive(Bytes wire, std::string& shown, std::string& answers) = 0;
  // Appends to `wire` what the user typed.
  virtual void type(Bytes typed, std::string& wire) = 0;
  // Appends to `wire` what tells the far end of the new size, if the protocol can.
  virtual void resize(WindowSize size, std::string& wire) = 0;
  // Appends to `wire` what begins the conversation.
  virtual void begin(std::string& wire) = 0;
  // How the user's terminal must treat keys now; may change in receive().
  [[nodiscard]] virtual Typing typing() const { return Typing::kRaw; }
  // The user's terminal made a SIGINT of Ctrl-C (by_lines()). Appends to `wire` what interrupts the far program; false where
  // the protocol has no word for it.
  virtual bool interrupt(std::string&) { return false; }
};

// raw://: the bytes are the terminal's.
class RawLink final : public Link {
 public:
  void receive(Bytes wire, std::string& shown, std::string&) override { shown += as_text(wire); }
  void type(Bytes typed, std::string& wire) override { wire += as_text(typed); }
  void resize(WindowSize, std::string&) override {}
  void begin(std::string&) override {}
};

}  // namespace farpty::client
