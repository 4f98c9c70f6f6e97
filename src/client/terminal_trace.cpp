#include "client/terminal_trace.hpp"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

namespace farpty::client {

namespace {

constexpr std::size_t kLongestParameters = 64;  // a longer sequence is none that we look for

// DEC private modes that programs switch on and users notice (xterm's ctlseqs, "DECSET"): cursor keys, reverse video, mouse
// (9, 1000-1006, 1015, 1016), focus, alternate screens (47, 1047, 1049), bracketed paste, synchronized output.
constexpr unsigned kUsuallyOff[] = {1,    5,    9,    47,   1000, 1001, 1002, 1003, 1004,
                                    1005, 1006, 1015, 1016, 1047, 1049, 2004, 2026};
constexpr unsigned kUsuallyOn[] = {7, 25};  // autowrap, visible cursor
constexpr unsigned kColumns132 = 3;         // DECCOLM

constexpr char kEscapeByte = 0x1b, kBell = 0x07;
constexpr bool is_intermediate(char c) { return c >= 0x20 && c <= 0x2f; }  // ECMA-48, 5.3

}  // namespace

bool TerminalTrace::see(Bytes output) {
  bool changed = false;
  const std::string_view text = as_text(output);
  follow_character(text);
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (state_ == State::kGround || state_ == State::kString) {
      const void* escape = std::memchr(text.data() + at, kEscapeByte, text.size() - at);
      if (escape == nullptr) return changed;
      at = static_cast<std::size_t>(static_cast<const char*>(escape) - text.data());
      state_ = State::kEscape;
      continue;
    }
    const char c = text[at];
    if (c == kEscapeByte) {
      state_ = State::kEscape;  // which ends a string too, whatever follows it
    } else if (state_ == State::kEscape) {
      escaped(c, changed);
    } else if (state_ == State::kIntermediate) {
      if (!is_intermediate(c)) state_ = State::kGround;
    } else if (state_ == State::kCommand) {
      if (c == kBell) state_ = State::kGround;
    } else if (c >= 0x40 && c <= 0x7e) {
      state_ = State::kGround;
      changed = sequence_ended(c) || changed;
    } else if (parameters_.size() < kLongestParameters) {
      parameters_ += c;
    } else {
      state_ = State::kGround;
    }
  }
  return changed;
}

// What stands behind ESC.
void TerminalTrace::escaped(char c, bool& changed) {
  parameters_.clear();
  state_ = State::kGround;
  switch (c) {
    case '=':
    case '>':
      changed = changed || keypad_ != (c == '=');
      keypad_ = c == '=';
      return;
    case 'c':  // RIS: everything as at power-on
      changed = true;
      modes_.clear();
      keypad_ = false;
      return;
    case '[': state_ = State::kControlSequence; return;
    case ']': state_ = State::kCommand; return;
    case 'P':  // DCS, SOS, PM, APC
    case 'X':
    case '^':
    case '_': state_ = State::kString; return;
    default:
      if (is_intermediate(c)) state_ = State::kIntermediate;
      return;
  }
}

// The first byte of a UTF-8 character says how many there are (RFC 3629, 3).
void TerminalTrace::follow_character(std::string_view text) {
  constexpr std::size_t kMostFollowing = 3;
  for (std::size_t back = 1; back <= std::min(kMostFollowing, text.size()); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if ((byte & 0xc0U) == 0x80) continue;
    const std::size_t whole = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    missing_ = whole - std::min(whole, back);
    return;
  }
  missing_ -= std::min(missing_, text.size());
}

bool TerminalTrace::sequence_ended(char final_byte) {
  if (final_byte == 't' && (parameters_.starts_with("8;") || parameters_.starts_with("4;"))) {
    resized_ = true;
    return true;
  }
  if ((final_byte == 'h' || final_byte == 'l') && parameters_.starts_with('?'))
    return set_private_modes(final_byte == 'h');
  return false;
}

bool TerminalTrace::set_private_modes(bool on) {
  bool changed = false;
  std::string_view rest = std::string_view(parameters_).substr(1);
  while (!rest.empty()) {
    unsigned mode = 0;
    while (!rest.empty() && rest[0] >= '0' && rest[0] <= '9' && mode < 100'000) {
      mode = mode * 10 + static_cast<unsigned>(rest[0] - '0');
      rest.remove_prefix(1);
    }
    if (!rest.empty()) rest.remove_prefix(1);  // ';'
    if (mode == kColumns132) resized_ = changed = true;
    const bool usually_on = std::ranges::find(kUsuallyOn, mode) != std::end(kUsuallyOn);
    if (!usually_on && std::ranges::find(kUsuallyOff, mode) == std::end(kUsuallyOff)) continue;
    if (on != usually_on)
      changed = modes_.insert(mode).second || changed;
    else
      changed = modes_.erase(mode) > 0 || changed;
  }
  return changed;
}

std::string TerminalTrace::undo() const {
  std::string text;
  // The alternate screen last: its own modes go first, and leaving it restores the cursor.
  for (const unsigned mode : modes_)
    if (mode != 47 && mode != 1047 && mode != 1049)
      text += fmt::format("\x1b[?{}{}", mode, std::ranges::find(kUsuallyOn, mode) != std::end(kUsuallyOn) ? 'h' : 'l');
  if (keypad_) text += "\x1b>";
  for (const unsigned mode : {47U, 1047U, 1049U})
    if (modes_.contains(mode)) text += fmt::format("\x1b[?{}l", mode);
  return text;
}

}  // namespace farpty::client
