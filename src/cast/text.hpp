// How a terminal's bytes become text that JSON can hold, and bytes again, each of them. Pure.
//
// The rule: what is well-formed UTF-8 stays as it is. A byte b that is no part of such (0x80 to 0xff) becomes the private
// character U+10FE00 + b. Those characters themselves, should they come, are taken as four such bytes. So every string of
// bytes has one text, every such text its bytes, and a player that does not know the rule shows a strange character where a
// terminal would. (Not lone surrogates, as Python has them: strict readers of JSON refuse them.)
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace farpty::cast {

inline constexpr char32_t kByteCharacters =
    0x10fe00;  // plane 16, private use: of 0x80 to 0xff the characters ..80 to ..ff

// Of one stream, whose characters may be cut between two pieces. Invariant: it keeps at most 3 bytes.
class TextMaker {
 public:
  // The text of `bytes`, but for a last character that is not whole yet: it comes with the next piece.
  std::string add(Bytes bytes);
  // The text of what was kept; nothing follows in this stream, or something else comes in between.
  std::string rest();

 private:
  std::string kept_;
};

// `text` is UTF-8.
[[nodiscard]] std::string bytes_of(std::string_view text);

}  // namespace farpty::cast
