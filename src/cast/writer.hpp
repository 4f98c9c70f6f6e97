// Writer: what happens in a session as the lines of an asciicast v2, by the rule of text.hpp. Pure: it is told the time.
//
// Invariant: the lines of all calls up to finish() hold every byte that was given; a line is never begun and not ended.
#pragma once

#include <string>

#include "base/bytes.hpp"
#include "cast/recording.hpp"
#include "cast/text.hpp"

namespace farpty::cast {

class Writer {
 public:
  // The first line. Its rule is ours, whatever `header` says.
  [[nodiscard]] static std::string header(const Header& header);

  // Each returns the lines to be appended, with their newlines; "" where the bytes begin a character that is not whole yet.
  // Times do not go backward.
  std::string output(Micros at, Bytes bytes);
  std::string input(Micros at, Bytes bytes);
  std::string resized(Micros at, WindowSize size);
  std::string finish(Micros at);  // what was kept of a cut character

 private:
  TextMaker output_, input_;
};

}  // namespace farpty::cast
