// The words of telnet: commands (RFC 854), negotiation verbs, and the five options that farpty speaks.
//
// Every other option is refused: TERMINAL-SPEED, LINEMODE and NEW-ENVIRON too, the last one because a client's
// environment has been the way into telnet servers for thirty years.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace farpty::telnet {

// RFC 854 "TELNET command structure"; EOF, SUSP and ABORT from RFC 1184. A byte below 236 after IAC means nothing.
enum class Command : std::uint8_t {
  kEndOfFile = 236,
  kSuspend = 237,
  kAbort = 238,
  kSubnegotiationEnd = 240,
  kNoOperation = 241,
  kDataMark = 242,
  kBreak = 243,
  kInterrupt = 244,
  kAbortOutput = 245,
  kAreYouThere = 246,
  kEraseCharacter = 247,
  kEraseLine = 248,
  kGoAhead = 249,
  kSubnegotiation = 250,
  kWill = 251,
  kWont = 252,
  kDo = 253,
  kDont = 254,
  kIac = 255,
};

enum class Option : std::uint8_t {
  kBinary = 0,           // RFC 856
  kEcho = 1,             // RFC 857
  kSuppressGoAhead = 3,  // RFC 858
  kTerminalType = 24,    // RFC 1091
  kWindowSize = 31,      // NAWS, RFC 1073
};
inline constexpr std::size_t kOptionCount = 5;
inline constexpr std::uint8_t kTimingMark = 6;  // RFC 860: asked for again and again, so refused each time

// Which end performs an option: ours is negotiated by our WILL and their DO, theirs by their WILL and our DO.
enum class Side : std::uint8_t { kOurs, kTheirs };
enum class Wish : std::uint8_t { kOff, kOn };
enum class Role : std::uint8_t { kServer, kClient };

// Subnegotiation of TERMINAL-TYPE (RFC 1091).
inline constexpr std::byte kIs{0};
inline constexpr std::byte kSend{1};

inline constexpr std::byte kIacByte{255};
inline constexpr std::byte kCr{'\r'};
inline constexpr std::byte kLf{'\n'};
inline constexpr std::byte kNul{0};

// 0 means "not told" (RFC 1073).
struct WindowSize {
  std::uint16_t columns = 0;
  std::uint16_t rows = 0;
  bool operator==(const WindowSize&) const = default;
};

// The option with this number, or nothing where farpty does not speak it.
[[nodiscard]] constexpr std::optional<Option> known_option(std::uint8_t code) noexcept {
  switch (const auto option = static_cast<Option>(code)) {
    case Option::kBinary:
    case Option::kEcho:
    case Option::kSuppressGoAhead:
    case Option::kTerminalType:
    case Option::kWindowSize: return option;
  }
  return std::nullopt;
}

// May this name reach a terminfo lookup and the program's TERM? [A-Za-z0-9._+-]{1,40}, and no name of dots alone.
// Case does not matter in telnet (RFC 1091): whoever uses the name lowers it.
[[nodiscard]] bool valid_terminal_type(std::string_view name) noexcept;

}  // namespace farpty::telnet
