// Typing: who echoes and who edits what the user types. On raw:// always the far program; on telnet:// as negotiated.
#pragma once

namespace farpty::client {

enum class Typing {
  kRaw,         // the far end does both: every key goes out as it is
  kEchoedKeys,  // each key goes out at once, the terminal here echoes
  kLines,  // the terminal here does both, in the user's own modes: for services that know no terminal (RFC 854's NVT)
  kHiddenLines,  // a line service that asks for a password: the terminal here edits, nobody echoes
};

// Does the terminal collect lines, so that Ctrl-C is a signal and Ctrl-D an end of file here?
[[nodiscard]] constexpr bool by_lines(Typing typing) {
  return typing == Typing::kLines || typing == Typing::kHiddenLines;
}

}  // namespace farpty::client
