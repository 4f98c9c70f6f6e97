#include "vt/pen.hpp"

#include <algorithm>
#include <array>
#include <iterator>

#include <fmt/format.h>

namespace farpty::vt {

namespace {

struct AttributeCode {
  Pen::Attribute attribute;
  int on, off;
};
constexpr std::array<AttributeCode, 8> kCodes{{{Pen::kBold, 1, 22},
                                               {Pen::kDim, 2, 22},
                                               {Pen::kItalic, 3, 23},
                                               {Pen::kBlink, 5, 25},
                                               {Pen::kReverse, 7, 27},
                                               {Pen::kConceal, 8, 28},
                                               {Pen::kStrike, 9, 29},
                                               {Pen::kOverline, 53, 55}}};

bool is_byte(int value) { return value >= 0 && value <= 255; }

// 38, 48 or 58 at `index`: takes what belongs to it, and returns the index of the last parameter that it took. Two forms:
// 38;5;N and 38;2;R;G;B, or with colons, where an empty colour space may stand before R (ISO 8613-6).
std::size_t extended(const Csi& sgr, std::size_t index, Color& color) {
  const bool colons = index + 1 < sgr.count && sgr.parameters[index + 1].sub;
  std::size_t end = sgr.count;
  if (colons) {
    end = index + 1;
    while (end < sgr.count && sgr.parameters[end].sub) ++end;
  }
  const int kind = index + 1 < end ? sgr.value(index + 1, 0) : 0;
  if (kind == 5 && index + 2 < end) {
    const int number = sgr.value(index + 2, 0);
    if (is_byte(number)) color = Color::indexed(number);
    return colons ? end - 1 : index + 2;
  }
  if (kind == 2 && index + 4 < end) {
    const std::size_t first = colons && end - index > 5 ? index + 3 : index + 2;
    const int red = sgr.value(first, 0), green = sgr.value(first + 1, 0), blue = sgr.value(first + 2, 0);
    if (is_byte(red) && is_byte(green) && is_byte(blue))
      color = {.kind = Color::Kind::kRgb,
               .red = static_cast<std::uint8_t>(red),
               .green = static_cast<std::uint8_t>(green),
               .blue = static_cast<std::uint8_t>(blue)};
    return colons ? end - 1 : index + 4;
  }
  return end - 1;
}

// With semicolons, which every terminal knows; but 58 came later, and older ones would take its parts for others.
void write_extended(std::string& out, int base, std::string parts) {
  if (base == 50) {
    std::ranges::replace(parts, ';', ':');
    if (parts.starts_with("2:")) parts.insert(2, ":");  // no colour space
  }
  out += fmt::format("{}{}{}{}", ';', base + 8, base == 50 ? ':' : ';', parts);
}

void write_color(std::string& out, const Color& color, int base) {
  auto to = std::back_inserter(out);
  switch (color.kind) {
    case Color::Kind::kDefault: fmt::format_to(to, ";{}", base + 9); break;
    case Color::Kind::kIndexed:
      if (base != 50 && color.red < 8)
        fmt::format_to(to, ";{}", base + color.red);
      else if (base != 50 && color.red < 16)
        fmt::format_to(to, ";{}", base + 60 + color.red - 8);
      else
        write_extended(out, base, fmt::format("5;{}", color.red));
      break;
    case Color::Kind::kRgb:
      write_extended(out, base, fmt::format("2;{};{};{}", color.red, color.green, color.blue));
      break;
  }
}

void write_underline(std::string& out, int style) {
  if (style <= 1)
    out += style == 0 ? ";24" : ";4";
  else if (style == 2)
    out += ";21";
  else
    fmt::format_to(std::back_inserter(out), ";4:{}", style);
}

// What is added to a pen that has nothing `to` has not.
std::string added(const Pen& from, const Pen& to) {
  std::string list;
  for (const auto& code : kCodes)
    if (to.has(code.attribute) && !from.has(code.attribute)) fmt::format_to(std::back_inserter(list), ";{}", code.on);
  if (to.underline != from.underline) write_underline(list, to.underline);
  if (to.foreground != from.foreground) write_color(list, to.foreground, 30);
  if (to.background != from.background) write_color(list, to.background, 40);
  if (to.underline_color != from.underline_color) write_color(list, to.underline_color, 50);
  return list;
}

}  // namespace

void Pen::apply(const Csi& sgr) {
  const std::size_t count = sgr.count == 0 ? 1 : sgr.count;  // CSI m is CSI 0 m
  for (std::size_t i = 0; i < count; ++i) {
    if (sgr.parameters[i].sub && i > 0) continue;  // behind what takes none
    const int code = sgr.value(i, 0);
    const bool has_sub = i + 1 < sgr.count && sgr.parameters[i + 1].sub;
    switch (code) {
      case 0: *this = {}; break;
      case 4: underline = static_cast<std::uint8_t>(has_sub ? std::min(sgr.value(i + 1, 1), 5) : 1); break;
      case 6: attributes |= kBlink; break;
      case 21: underline = 2; break;
      case 24: underline = 0; break;
      case 38: i = extended(sgr, i, foreground); break;
      case 39: foreground = {}; break;
      case 48: i = extended(sgr, i, background); break;
      case 49: background = {}; break;
      case 58: i = extended(sgr, i, underline_color); break;
      case 59: underline_color = {}; break;
      default:
        if (code >= 30 && code < 38) foreground = Color::indexed(code - 30);
        if (code >= 40 && code < 48) background = Color::indexed(code - 40);
        if (code >= 90 && code < 98) foreground = Color::indexed(code - 90 + 8);
        if (code >= 100 && code < 108) background = Color::indexed(code - 100 + 8);
        for (const auto& [attribute, on, off] : kCodes) {
          if (code == on) attributes |= attribute;
          if (code == off) attributes &= static_cast<std::uint16_t>(~attribute);
        }
    }
  }
}

void write_sgr(std::string& out, const Pen& from, const Pen& to) {
  if (from == to) return;
  // From nothing, unless nothing has to be taken away.
  const bool takes_away = (from.attributes & ~to.attributes) != 0;
  std::string list = added(takes_away ? Pen{} : from, to);
  if (takes_away) list.insert(0, ";0");
  fmt::format_to(std::back_inserter(out), "\x1b[{}m",
                 list == ";0" || list.empty() ? "" : std::string_view(list).substr(1));
}

}  // namespace farpty::vt
