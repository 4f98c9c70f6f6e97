// Parser: splits what a program writes to its terminal into text, controls, escape sequences, control sequences and strings
// (ECMA-48 5.3 to 5.6, UTF-8), in pieces of any size.
//
// What they mean is for others to say. Bounded: it never holds more than kMaxPartial bytes, whatever comes. Invariant: a new
// parser that is fed partial() is in the same state as this one, as far as anyone can see: so a stream can be cut anywhere.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace farpty::vt {

inline constexpr std::size_t kMaxPartial =
    4096;                                    // of an unfinished sequence; what gets longer is ignored up to its end
inline constexpr int kMaxParameter = 65535;  // xterm: ctlseqs, "parameters"; larger ones are taken as this
inline constexpr std::size_t kMaxParameters = 32;

// A control sequence: CSI, a private prefix, parameters, intermediates, final.
struct Csi {
  struct Parameter {
    int value = -1;    // -1: left out
    bool sub = false;  // it stands behind a colon
  };
  char prefix = 0;  // < = > ? or 0
  std::array<char, 2> intermediates{};
  char final = 0;
  std::size_t count = 0;
  std::array<Parameter, kMaxParameters> parameters{};

  // Parameter `index`, or `otherwise` if it is not there or 0.
  [[nodiscard]] int positive(std::size_t index, int otherwise) const {
    return index < count && parameters[index].value > 0 ? parameters[index].value : otherwise;
  }
  [[nodiscard]] int value(std::size_t index, int otherwise) const {
    return index < count && parameters[index].value >= 0 ? parameters[index].value : otherwise;
  }
  // What it does, in one number: prefix, intermediates and final.
  [[nodiscard]] constexpr std::uint32_t operation() const {
    return operation(prefix, intermediates[0], final, intermediates[1]);
  }
  [[nodiscard]] static constexpr std::uint32_t operation(char prefix, char intermediate, char final, char second = 0) {
    return static_cast<std::uint32_t>(prefix) << 24 | static_cast<std::uint32_t>(intermediate) << 16 |
           static_cast<std::uint32_t>(second) << 8 | static_cast<std::uint32_t>(final);
  }
};

// An escape sequence: ESC, up to two intermediates, final.
struct Escape {
  std::array<char, 2> intermediates{};
  char final = 0;
};

class Sink {
 public:
  virtual ~Sink() = default;
  // Characters that show: no controls among them. Bytes that are no UTF-8 come as U+FFFD.
  virtual void on_text(std::u32string_view text) = 0;
  virtual void on_control(char control) = 0;  // C0 but ESC, CAN, SUB, NUL
  virtual void on_escape(const Escape& escape) = 0;
  virtual void on_csi(const Csi& csi) = 0;
  virtual void on_osc(std::string_view text) = 0;  // without its introducer and terminator
  // The one character behind SS2 (set 2) or SS3 (set 3).
  virtual void on_single_shift(int set, char32_t character) = 0;
};

class Parser {
 public:
  void feed(Bytes bytes, Sink& sink);

  // The bytes of the sequence or character that is not finished yet.
  [[nodiscard]] const std::string& partial() const { return partial_; }

 private:
  enum class State {
    kGround,
    kCharacter,  // in a UTF-8 sequence
    kEscape,
    kSingleShift,
    kCsi,
    kCsiIntermediate,
    kCsiIgnored,
    kOsc,
    kOscIgnored,  // too long
    kString,      // DCS, APC, PM, SOS
    kOscEscape,   // ESC inside of a string: its end, or the next sequence
    kStringEscape,
  };

  void step(unsigned char byte, Sink& sink);
  std::size_t run_of_text(Bytes bytes, Sink& sink);
  void ground(unsigned char byte, Sink& sink);
  void character(unsigned char byte, Sink& sink);
  void shown(char32_t character, Sink& sink);
  void escape(unsigned char byte, Sink& sink);
  void csi(unsigned char byte, Sink& sink);
  void string(unsigned char byte, Sink& sink);
  void string_escape(unsigned char byte, Sink& sink);
  void begin(unsigned char byte, State state);
  void keep(unsigned char byte);
  void finish();
  void flush_text(Sink& sink);

  State state_ = State::kGround;
  std::string partial_;
  int shift_ = 0;  // set of the single shift that waits for its character
  char32_t code_ = 0;
  int code_left_ = 0;
  char32_t code_least_ = 0;
  Escape escape_;
  Csi csi_;
  std::u32string text_;  // not handed on yet; empty between two calls
};

}  // namespace farpty::vt
