#include "vt/parser.hpp"

#include <algorithm>

namespace farpty::vt {

namespace {

constexpr unsigned char kEsc = 0x1b, kCan = 0x18, kSub = 0x1a, kBel = 0x07, kDel = 0x7f;
constexpr char32_t kReplacement = 0xfffd;
constexpr std::size_t kMaxText = 512;  // characters handed on at a time

// What stands for a sequence of which too much came: a terminal ignores what follows up to the sequence's end.
constexpr std::string_view kIgnoredOsc = "\x1b]99999;", kIgnoredDcs = "\x1bP99999z", kIgnoredCsi = "\x1b[0<0";

bool is_intermediate(unsigned char byte) { return byte >= 0x20 && byte < 0x30; }

}  // namespace

void Parser::feed(Bytes bytes, Sink& sink) {
  while (!bytes.empty()) {
    if (state_ == State::kGround) {
      const std::size_t run = run_of_text(bytes, sink);
      bytes = bytes.subspan(run);
      if (run > 0) continue;
    }
    step(static_cast<unsigned char>(bytes.front()), sink);
    bytes = bytes.subspan(1);
  }
  flush_text(sink);
}

// Most of most output.
std::size_t Parser::run_of_text(Bytes bytes, Sink& sink) {
  std::size_t count = 0;
  while (count < bytes.size()) {
    const auto byte = static_cast<unsigned char>(bytes[count]);
    if (byte < 0x20 || byte >= kDel) break;
    text_ += byte;
    ++count;
    if (text_.size() >= kMaxText) flush_text(sink);
  }
  return count;
}

void Parser::flush_text(Sink& sink) {
  if (text_.empty()) return;
  sink.on_text(text_);
  text_.clear();
}

void Parser::step(unsigned char byte, Sink& sink) {
  switch (state_) {
    case State::kGround: return ground(byte, sink);
    case State::kCharacter: return character(byte, sink);
    case State::kOsc:
    case State::kOscIgnored:
    case State::kString: return string(byte, sink);
    case State::kOscEscape:
    case State::kStringEscape: return string_escape(byte, sink);
    default: break;
  }
  if (byte == kEsc) return begin(byte, State::kEscape);
  if (byte == kCan || byte == kSub) return finish();
  if (byte < 0x20) {  // it acts at once, and the sequence goes on
    if (byte != 0) sink.on_control(static_cast<char>(byte));
    return;
  }
  if (byte == kDel) return;
  switch (state_) {
    case State::kSingleShift: return ground(byte, sink);
    case State::kEscape: return escape(byte, sink);
    default: return csi(byte, sink);
  }
}

void Parser::begin(unsigned char byte, State state) {
  partial_.assign(1, static_cast<char>(byte));
  state_ = state;
  escape_ = {};
  shift_ = 0;
}

void Parser::keep(unsigned char byte) {
  if (partial_.size() < kMaxPartial) {
    partial_ += static_cast<char>(byte);
    return;
  }
  switch (state_) {
    case State::kOsc: state_ = State::kOscIgnored; [[fallthrough]];
    case State::kOscIgnored: partial_ = kIgnoredOsc; break;
    case State::kString: partial_ = partial_[1] == 'P' ? std::string(kIgnoredDcs) : partial_.substr(0, 2); break;
    default: state_ = State::kCsiIgnored; partial_ = kIgnoredCsi;
  }
}

void Parser::finish() {
  state_ = State::kGround;
  partial_.clear();
  shift_ = 0;
}

void Parser::ground(unsigned char byte, Sink& sink) {
  if (byte == kEsc) {
    flush_text(sink);
    return begin(byte, State::kEscape);
  }
  if (byte < 0x20 || byte == kDel) {
    if (byte == 0 || byte == kDel || byte == kCan || byte == kSub) return;
    flush_text(sink);
    return sink.on_control(static_cast<char>(byte));
  }
  if (byte < 0x80) return shown(byte, sink);
  // UTF-8 (RFC 3629, 3 and 4)
  if (byte < 0xc2 || byte > 0xf4) return shown(kReplacement, sink);
  code_left_ = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
  code_ = static_cast<char32_t>(byte & (0x3f >> code_left_));
  code_least_ = byte < 0xe0 ? 0x80 : byte < 0xf0 ? 0x800 : 0x10000;
  state_ = State::kCharacter;
  partial_ += static_cast<char>(byte);
}

void Parser::character(unsigned char byte, Sink& sink) {
  const bool continues = (byte & 0xc0) == 0x80;
  const char32_t next = code_ << 6 | (byte & 0x3fU);
  // A surrogate, an overlong form and what lies beyond Unicode can be told by their second byte.
  const char32_t least = next << (6 * (code_left_ - 1));
  const bool is_none = continues && ((least | ((1U << (6 * (code_left_ - 1))) - 1)) < code_least_ || least > 0x10ffff ||
                                     (least >= 0xd800 && least < 0xe000));
  if (!continues || is_none) {
    shown(kReplacement, sink);
    return step(byte, sink);
  }
  code_ = next;
  partial_ += static_cast<char>(byte);
  if (--code_left_ > 0) return;
  shown(code_, sink);
}

void Parser::shown(char32_t character, Sink& sink) {
  const int shift = shift_;
  finish();
  if (character >= 0x80 && character < 0xa0) return;  // C1 as UTF-8: some terminals obey, most ignore it
  if (shift != 0) return sink.on_single_shift(shift, character);
  text_ += character;
  if (text_.size() >= kMaxText) flush_text(sink);
}

void Parser::escape(unsigned char byte, Sink& sink) {
  keep(byte);
  if (is_intermediate(byte)) {
    for (char& place : escape_.intermediates) {
      if (place != 0) continue;
      place = static_cast<char>(byte);
      return;
    }
    state_ = State::kCsiIgnored;  // no terminal has one with three
    return;
  }
  if (byte >= 0x80) return finish();
  if (escape_.intermediates[0] == 0) {
    switch (byte) {
      case '[':
        csi_ = {};
        state_ = State::kCsi;
        return;
      case ']': state_ = State::kOsc; return;
      case 'P':
      case 'X':
      case '^':
      case '_': state_ = State::kString; return;
      case 'N':
      case 'O':
        state_ = State::kSingleShift;
        shift_ = byte == 'N' ? 2 : 3;
        return;
      default: break;
    }
  }
  escape_.final = static_cast<char>(byte);
  const Escape done = escape_;
  finish();
  sink.on_escape(done);
}

void Parser::csi(unsigned char byte, Sink& sink) {
  keep(byte);
  if (byte >= 0x80) {
    state_ = State::kCsiIgnored;
    return;
  }
  if (byte >= 0x40) {
    const bool ignored = state_ == State::kCsiIgnored;
    csi_.final = static_cast<char>(byte);
    finish();
    if (!ignored) sink.on_csi(csi_);
    return;
  }
  if (state_ == State::kCsiIgnored) return;
  if (is_intermediate(byte)) {
    state_ = State::kCsiIntermediate;
    for (char& place : csi_.intermediates) {
      if (place != 0) continue;
      place = static_cast<char>(byte);
      return;
    }
    state_ = State::kCsiIgnored;
    return;
  }
  if (state_ == State::kCsiIntermediate) {
    state_ = State::kCsiIgnored;
    return;
  }
  if (byte >= '<') {  // < = > ?
    if (partial_.size() == 3)
      csi_.prefix = static_cast<char>(byte);
    else
      state_ = State::kCsiIgnored;
    return;
  }
  if (csi_.count == 0) csi_.count = 1;
  if (byte == ';' || byte == ':') {
    if (csi_.count == kMaxParameters) {
      state_ = State::kCsiIgnored;
      return;
    }
    csi_.parameters[csi_.count++] = {.sub = byte == ':'};
    return;
  }
  int& value = csi_.parameters[csi_.count - 1].value;
  value = std::min(std::max(value, 0) * 10 + (byte - '0'), kMaxParameter);
}

void Parser::string(unsigned char byte, Sink& sink) {
  if (byte == kCan || byte == kSub) return finish();
  if (byte == kEsc) {
    keep(byte);
    state_ = state_ == State::kString ? State::kStringEscape : State::kOscEscape;
    return;
  }
  if (byte == kBel && state_ != State::kString) {
    const bool ignored = state_ == State::kOscIgnored;
    const std::string text = partial_.substr(2);
    finish();
    if (!ignored) sink.on_osc(text);
    return;
  }
  keep(byte);
}

// Every ESC ends a string; with a backslash behind it that is all that it does.
void Parser::string_escape(unsigned char byte, Sink& sink) {
  if (byte == '\\' && state_ == State::kOscEscape) {
    const std::string text = partial_.substr(2, partial_.size() - 3);
    finish();
    return sink.on_osc(text);
  }
  if (byte == '\\') return finish();
  begin(kEsc, State::kEscape);
  step(byte, sink);
}

}  // namespace farpty::vt
