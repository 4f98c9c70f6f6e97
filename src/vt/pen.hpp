// Pen: how the next character will look: the state that SGR changes (ECMA-48 8.3.117, xterm's ctlseqs).
#pragma once

#include <cstdint>
#include <string>

#include "vt/parser.hpp"

namespace farpty::vt {

struct Color {
  enum class Kind : std::uint8_t { kDefault, kIndexed, kRgb };
  Kind kind = Kind::kDefault;
  std::uint8_t red = 0;  // of kIndexed: the index
  std::uint8_t green = 0, blue = 0;

  [[nodiscard]] static Color indexed(int index) {
    return {.kind = Kind::kIndexed, .red = static_cast<std::uint8_t>(index)};
  }
  friend bool operator==(const Color&, const Color&) = default;
};

struct Pen {
  enum Attribute : std::uint16_t {
    kBold = 1,
    kDim = 2,
    kItalic = 4,
    kBlink = 8,
    kReverse = 16,
    kConceal = 32,
    kStrike = 64,
    kOverline = 128,
  };
  std::uint16_t attributes = 0;
  std::uint8_t underline = 0;  // 0 none, 1 single, 2 double, 3 curly, 4 dotted, 5 dashed
  Color foreground, background, underline_color;

  [[nodiscard]] bool has(Attribute attribute) const { return (attributes & attribute) != 0; }
  friend bool operator==(const Pen&, const Pen&) = default;

  void apply(const Csi& sgr);
};

// Appends the shortest SGR that this knows from one pen to another; nothing where they are equal.
void write_sgr(std::string& out, const Pen& from, const Pen& to);

}  // namespace farpty::vt
