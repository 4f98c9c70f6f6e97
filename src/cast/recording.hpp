// What an asciicast v2 holds (https://docs.asciinema.org/manual/asciicast/v2/): a header, then what happened and when. Plain
// data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tty/winsize.hpp"

namespace farpty::cast {

using Micros = std::int64_t;  // since the recording began

// What the text of a recording means.
enum class TextRule : std::uint8_t {
  kPlain,      // characters, and nothing else
  kWithBytes,  // text.hpp: our own recordings, which say so in their header
};

struct Header {
  WindowSize size;
  std::optional<std::int64_t> timestamp;  // seconds since 1970
  std::string title, command, term;       // empty: not told
  std::optional<Micros> idle_limit;       // longer pauses are to be cut to this
  TextRule rule = TextRule::kPlain;
};

struct Event {
  enum class Kind : std::uint8_t { kOutput, kInput, kResize };
  Kind kind = Kind::kOutput;
  Micros at = 0;
  std::string bytes;  // of kOutput and kInput
  WindowSize size;    // of kResize
};

}  // namespace farpty::cast
