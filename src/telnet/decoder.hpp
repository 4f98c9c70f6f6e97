// Decoder: the bytes of a telnet connection, cut into data, commands, negotiations and subnegotiations (RFC 854, RFC
// 855).
//
// It knows no option; it hands on what it finds. Data is handed on in whole runs of the caller's memory, without a
// copy. Invariant: how the stream is cut into chunks changes only how data is cut into runs, nothing else.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"
#include "telnet/protocol.hpp"

namespace farpty::telnet {

// The longest subnegotiation that we understand is a terminal type of 40 letters: what is longer is cut here, and then
// is no valid name and no window size either.
inline constexpr std::size_t kSubnegotiationBound = 64;

class Decoder {
 public:
  // What follows CR on the network virtual terminal is NUL or LF (RFC 854 "the NVT printer and keyboard").
  enum class Newlines : std::uint8_t {
    kVerbatim,  // BINARY: nothing is changed
    kScreen,    // a client reads: CR NUL is CR, CR LF stays
    kKeyboard,  // a server reads: CR NUL and CR LF are CR, the byte of the Enter key, which ICRNL makes a newline
  };

  class Sink {
   public:
    virtual ~Sink() = default;
    virtual void on_data(Bytes run) = 0;  // never empty; borrowed for the call
    virtual void on_command(std::uint8_t code) = 0;
    virtual void on_negotiation(Command verb, std::uint8_t option) = 0;
    virtual void on_subnegotiation(Bytes content) = 0;  // first the option; may be empty; borrowed for the call
    // Asked after everything but data: true stops decode() early.
    [[nodiscard]] virtual bool full() const = 0;
  };

  // How data is read from the next byte on; may be called from within decode().
  void set_newlines(Newlines newlines) noexcept;

  // Takes bytes of the stream in order; returns how many were taken: all, or fewer when the sink became full.
  [[nodiscard]] std::size_t decode(Bytes wire, Sink& sink);

 private:
  enum class State : std::uint8_t { kData, kIac, kVerb, kSubnegotiation, kSubnegotiationIac };

  std::size_t data(Bytes wire, std::size_t literal, Sink& sink);
  void data_run(Bytes run, Sink& sink);
  std::size_t after_iac(Bytes wire, Sink& sink);
  std::size_t subnegotiation(Bytes wire);
  std::size_t after_subnegotiation_iac(std::byte byte, Sink& sink);
  void collect(Bytes bytes);
  [[nodiscard]] bool swallowed_after_cr(std::byte byte) const noexcept;

  State state_ = State::kData;
  Newlines newlines_ = Newlines::kVerbatim;
  bool after_cr_ = false;  // the last data byte was CR; never set while kVerbatim
  Command verb_ = Command::kNoOperation;
  std::uint8_t collected_ = 0;
  std::array<std::byte, kSubnegotiationBound> subnegotiation_{};
};

}  // namespace farpty::telnet
