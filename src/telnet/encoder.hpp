// Encoder: data as it is written to a telnet connection: 255 doubled, and CR as the mode wants it (RFC 854).
//
// Runs without such a byte are found by memchr and copied whole.
// Invariant: cutting the data differently gives the same bytes, as long as no command is written in between.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.hpp"

namespace farpty::telnet {

class Encoder {
 public:
  enum class Newlines : std::uint8_t {
    kVerbatim,  // BINARY: nothing but 255 is changed
    kScreen,    // a server writes what a tty put out: LF and CR LF pass, a bare CR becomes CR NUL
    kKeys,      // a client writes keystrokes to a character-at-a-time server: every CR becomes CR NUL, nothing is lost
    kLines,     // a client writes lines to a server without SUPPRESS-GO-AHEAD: CR, LF and CR LF all become CR LF
  };

  void set_newlines(Newlines newlines) noexcept;

  // Appends the encoding of `data` to `out`.
  void encode(Bytes data, std::vector<std::byte>& out);

  // To be called before a command is written: a CR that was sent, and whose follower is not known yet, becomes CR NUL.
  void complete(std::vector<std::byte>& out);

 private:
  void encode_lines(Bytes data, std::vector<std::byte>& out);

  Newlines newlines_ = Newlines::kVerbatim;
  bool after_cr_ =
      false;  // kScreen: CR is written, its follower is open. kLines: CR LF is written, an LF that follows is not.
};

}  // namespace farpty::telnet
