#include "door/size_probe.hpp"

#include <algorithm>
#include <cctype>
#include <cstdio>

namespace farpty::door {

namespace {

constexpr std::size_t kLongestKeystroke = 32;  // a function key's sequence or a character; not a paste
constexpr std::size_t kLongestReport = 16;     // "\x1b[9999;9999R" and room

enum class Match { kNo, kSoFar, kComplete };

// ESC [ digits ; digits R, from the first byte on.
Match match_report(std::string_view text) {
  if (text.size() > kLongestReport) return Match::kNo;
  std::size_t at = 0;
  const auto digits = [&] {
    const std::size_t from = at;
    while (at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])) != 0) ++at;
    return at > from;
  };
  for (const char expected : {'\x1b', '['}) {
    if (at == text.size()) return Match::kSoFar;
    if (text[at++] != expected) return Match::kNo;
  }
  for (const char end : {';', 'R'}) {
    const bool some = digits();
    if (at == text.size()) return Match::kSoFar;
    if (!some || text[at++] != end) return Match::kNo;
  }
  return at == text.size() ? Match::kComplete : Match::kNo;
}

}  // namespace

void SizeProbe::see_output(Bytes bytes) {
  if (state_ == State::kDone) return;
  for (const std::byte byte : bytes) {
    const auto c = static_cast<unsigned char>(byte);
    switch (output_) {
      case Output::kGround:
        if (c == 0x1b) output_ = Output::kEscape;
        if (c >= 0xc2 && c <= 0xf4) {
          character_rest_ = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
          output_ = Output::kCharacter;
        }
        break;
      case Output::kCharacter:
        if (c < 0x80 || c > 0xbf || --character_rest_ == 0) output_ = c == 0x1b ? Output::kEscape : Output::kGround;
        break;
      case Output::kEscape:
        if (c == '[')
          output_ = Output::kControlSequence;
        else if (c == ']' || c == 'P' || c == '_' || c == '^' || c == 'X')
          output_ = Output::kString;
        else if (c < 0x20 || c > 0x2f)
          output_ = Output::kGround;  // an intermediate byte is followed by more
        break;
      case Output::kControlSequence:
        if (c >= 0x40 && c <= 0x7e) output_ = Output::kGround;
        break;
      case Output::kString:
        if (c == 0x07 || c == 0x18 || c == 0x1a) output_ = Output::kGround;
        if (c == 0x1b) output_ = Output::kStringEscape;
        break;
      case Output::kStringEscape: output_ = c == '\\' ? Output::kGround : Output::kString; break;
    }
  }
}

void SizeProbe::asked(Clock::time_point now) {
  state_ = State::kAsked;
  deadline_ = now + kWindow;
}

Bytes SizeProbe::filter_input(Bytes bytes, Clock::time_point now) {
  if (state_ == State::kFirstRead) {
    const auto text = as_text(bytes);
    const bool keystroke = text.size() <= kLongestKeystroke && text.find_first_of("\n\x04") == std::string_view::npos;
    state_ = keystroke ? State::kWillAsk : State::kDone;
    return bytes;
  }
  if (state_ != State::kAsked) return bytes;
  if (held_.empty() && (now > deadline_ || std::ranges::find(bytes, std::byte{0x1b}) == bytes.end())) {
    if (now > deadline_) state_ = State::kDone;
    return bytes;
  }
  passed_.clear();
  for (const char c : as_text(bytes)) {
    held_ += c;
    // What no longer matches is passed on up to the next byte with which a report can begin.
    auto match = state_ == State::kAsked ? match_report(held_) : Match::kNo;
    while (match == Match::kNo && !held_.empty()) {
      const auto next = std::min(held_.find('\x1b', 1), held_.size());
      passed_ += held_.substr(0, next);
      held_.erase(0, next);
      if (state_ == State::kAsked) match = match_report(held_);
    }
    if (match == Match::kComplete) take_report();
  }
  if (now > deadline_) passed_ += std::exchange(held_, {});
  return as_bytes(passed_);
}

void SizeProbe::take_report() {
  unsigned rows = 0;
  unsigned columns = 0;
  const bool read = std::sscanf(held_.c_str(), "\x1b[%u;%uR", &rows, &columns) == 2;
  // xterm's Shift-F3 and its kin look like a report of row 1.
  if (!read || rows < 2 || columns < 2) {
    passed_ += std::exchange(held_, {});
    return;
  }
  held_.clear();
  size_ = sane_size(columns, rows);
  state_ = State::kDone;
}

Bytes SizeProbe::release() {
  passed_ = std::exchange(held_, {});
  return as_bytes(passed_);
}

}  // namespace farpty::door
