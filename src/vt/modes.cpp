#include "vt/modes.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>

#include <fmt/format.h>

namespace farpty::vt {

namespace {

auto to(std::string& out) { return std::back_inserter(out); }

// What is told to a terminal in a string must not end it.
std::string harmless(std::string_view text, std::size_t most) {
  std::string kept;
  for (const char c : text.substr(0, most))
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) kept += c;
  while (text.size() > most && !kept.empty() && (kept.back() & 0xc0) == 0x80)
    kept.pop_back();  // not within a character
  return kept;
}

// The number that `text` begins with, which is taken off with the semicolon behind it.
std::optional<int> take_number(std::string_view& text) {
  int number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc{} || number < 0) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (text.empty()) return number;
  if (text.front() != ';') return std::nullopt;
  text.remove_prefix(1);
  return number;
}

constexpr bool is_mouse(int number) { return number == 9 || (number >= 1000 && number <= 1003); }
constexpr bool is_mouse_encoding(int number) {
  return number == 1005 || number == 1006 || number == 1015 || number == 1016;
}

}  // namespace

bool DecModes::on(int number) const {
  const Mode* mode = find(number);
  return mode != nullptr ? mode->now == Switch::kOn : number == 7 || number == 8 || number == 25;
}

const DecModes::Mode* DecModes::find(int number) const {
  const auto found = std::ranges::find(touched_, number, &Mode::number);
  return found == touched_.end() ? nullptr : &*found;
}

DecModes::Mode* DecModes::find_or_add(int number) {
  const auto found = std::ranges::find(touched_, number, &Mode::number);
  if (found != touched_.end()) return &*found;
  if (touched_.size() >= kMost) return nullptr;
  touched_.push_back({.number = number, .now = on(number) ? Switch::kOn : Switch::kOff});
  return &touched_.back();
}

void DecModes::set(int number, Switch to) {
  if (Mode* mode = find_or_add(number)) mode->now = to;
}

void DecModes::save(int number) {
  if (Mode* mode = find_or_add(number)) mode->saved = mode->now;
}

std::optional<Switch> DecModes::saved(int number) const {
  const Mode* mode = find(number);
  return mode != nullptr ? mode->saved : std::nullopt;
}

void DecModes::write(std::string& out) const {
  for (const int number : kAlways) fmt::format_to(to(out), "\x1b[?{}{}", number, on(number) ? 'h' : 'l');
  // kClean of redraw.cpp has reset 5; told again it would in some emulators undo what was drawn in reverse.
  const auto is_told = [](const Mode& mode) {
    return std::ranges::find(kAlways, mode.number) == kAlways.end() && (mode.number != 5 || mode.now == Switch::kOn);
  };
  for (const Mode& mode : touched_)
    if (is_told(mode)) fmt::format_to(to(out), "\x1b[?{}{}", mode.number, mode.now == Switch::kOn ? 'h' : 'l');
}

// DEC special graphics from 0x5f on (VT100 user guide, table 3-9), and the pound sign of the British set.
char32_t Charsets::map(char32_t character, int set) const {
  static constexpr std::u32string_view kGraphics =
      U"\u00a0\u25c6\u2592\u2409\u240c\u240d\u240a\u00b0\u00b1\u2424\u240b\u2518\u2510\u250c\u2514\u253c"
      U"\u23ba\u23bb\u2500\u23bc\u23bd\u251c\u2524\u2534\u252c\u2502\u2264\u2265\u03c0\u2260\u00a3\u00b7";
  const Set& used = sets[static_cast<std::size_t>(set)];
  if (used.second != 0) return character;
  if (used.final == '0' && character >= 0x5f && character < 0x7f) return kGraphics[character - 0x5f];
  if (used.final == 'A' && used.kind == '(' && character == U'#') return U'\u00a3';
  return character;
}

void write_charsets(std::string& out, const Charsets& charsets) {
  static constexpr std::string_view k94 = "()*+", k96 = ",-./";
  for (std::size_t i = 0; i < charsets.sets.size(); ++i) {
    const Charsets::Set& set = charsets.sets[i];
    if (i >= 2 && set == Charsets::Set{}) continue;  // hardly any terminal is asked for these
    out += '\x1b';
    out += set.kind == '(' ? k94[i] : k96[i];
    if (set.second != 0) out += set.second;
    out += set.final;
  }
  static constexpr std::array<std::string_view, 4> kLeft{"\x0f", "\x0e", "\x1bn", "\x1bo"},
      kRight{"", "\x1b~", "", "\x1b|"};
  out += kLeft[static_cast<std::size_t>(charsets.left)];
  out += kRight[static_cast<std::size_t>(charsets.right)];
}

void KeyboardFlags::apply(const Csi& csi) {
  const auto flags = static_cast<std::uint8_t>(csi.value(0, 0) & 31);
  switch (csi.prefix) {
    case '>':
      if (stack.empty()) stack.push_back(0);
      if (stack.size() == kMost) stack.erase(stack.begin());
      stack.push_back(flags);
      return;
    case '<': stack.resize(stack.size() - std::min(stack.size(), static_cast<std::size_t>(csi.positive(0, 1)))); return;
    default: break;
  }
  if (stack.empty()) stack.push_back(0);
  switch (csi.value(1, 1)) {
    case 1: stack.back() = flags; break;
    case 2: stack.back() |= flags; break;
    case 3: stack.back() &= static_cast<std::uint8_t>(~flags); break;
    default: break;
  }
}

void KeyboardFlags::write(std::string& out) const {
  if (stack.empty()) return;
  fmt::format_to(to(out), "\x1b[={}u", stack.front());
  for (std::size_t i = 1; i < stack.size(); ++i) fmt::format_to(to(out), "\x1b[>{}u", stack[i]);
}

void Modes::reset(WindowSize size) {
  pen = {};
  charsets = {};
  dec = {};
  insert = newline = origin = left_right = alternate = false;
  autowrap = true;
  keypad_ = keyboard_locked_ = false;
  send_receive_ = true;
  mouse_ = mouse_encoding_ = 0;
  cursor_style_.reset();
  modify_keys_.clear();
  keyboard_ = {};
  link_.clear();
  palette_.clear();
  dynamic_.clear();
  titles_.clear();  // the title itself outlives RIS
  resize(size);
}

void Modes::soft_reset(WindowSize size) {
  pen = {};
  charsets = {};
  insert = origin = left_right = keypad_ = keyboard_locked_ = false;
  autowrap = true;
  dec.set(1, Switch::kOff);
  dec.set(25, Switch::kOn);
  resize(size);
}

void Modes::resize(WindowSize size) { margins = {.bottom = size.rows - 1, .right = size.columns - 1}; }

bool Modes::margins_are_whole(WindowSize size) const {
  return margins == Margins{.bottom = size.rows - 1, .right = size.columns - 1};
}

void Modes::control(char control) {
  if (control == 0x0e) charsets.left = 1;
  if (control == 0x0f) charsets.left = 0;
}

void Modes::escape(const Escape& escape) {
  static constexpr std::string_view k94 = "()*+", k96 = ",-./";
  const char kind = escape.intermediates[0];
  if (kind == 0) {
    switch (escape.final) {
      case '=': keypad_ = true; break;
      case '>': keypad_ = false; break;
      case 'n': charsets.left = 2; break;
      case 'o': charsets.left = 3; break;
      case '~': charsets.right = 1; break;
      case '}': charsets.right = 2; break;
      case '|': charsets.right = 3; break;
      default: break;
    }
    return;
  }
  const std::size_t in94 = k94.find(kind), in96 = k96.find(kind);
  if (in94 == std::string_view::npos && (in96 == std::string_view::npos || in96 == 0)) return;
  charsets.sets[in94 != std::string_view::npos ? in94 : in96] = {
      .kind = in94 != std::string_view::npos ? '(' : '-', .second = escape.intermediates[1], .final = escape.final};
}

void Modes::csi(const Csi& csi, WindowSize size) {
  using O = Csi;
  switch (csi.operation()) {
    case O::operation(0, 0, 'm'): return pen.apply(csi);
    case O::operation(0, 0, 'h'):
    case O::operation('?', 0, 'h'): return set_modes(csi, Switch::kOn);
    case O::operation(0, 0, 'l'):
    case O::operation('?', 0, 'l'): return set_modes(csi, Switch::kOff);
    case O::operation(0, 0, 'r'):
    case O::operation(0, 0, 's'): return set_margins(csi, size);
    case O::operation('?', 0, 's'):
      for (std::size_t i = 0; i < csi.count; ++i) dec.save(csi.value(i, 0));
      return;
    case O::operation('?', 0, 'r'):
      for (std::size_t i = 0; i < csi.count; ++i)
        if (const auto was = dec.saved(csi.value(i, 0))) set_dec(csi.value(i, 0), *was);
      return;
    case O::operation('>', 0, 'm'):
      if (csi.value(0, -1) >= 0 && csi.value(0, -1) < 8) modify_keys_[csi.value(0, 0)] = csi.value(1, -1);
      return;
    case O::operation('>', 0, 'n'):
      if (csi.value(0, 2) < 8) modify_keys_[csi.value(0, 2)] = -1;
      return;
    case O::operation('<', 0, 'u'):
    case O::operation('=', 0, 'u'):
    case O::operation('>', 0, 'u'): return keyboard_[alternate ? 1 : 0].apply(csi);
    case O::operation(0, ' ', 'q'): cursor_style_ = csi.value(0, 0); return;
    case O::operation(0, 0, 't'): return window(csi);
    case O::operation(0, '!', 'p'): return soft_reset(size);
    default: return;
  }
}

void Modes::set_modes(const Csi& csi, Switch to) {
  for (std::size_t i = 0; i < csi.count; ++i) {
    const int number = csi.value(i, 0);
    if (csi.prefix == '?') {
      set_dec(number, to);
      continue;
    }
    switch (number) {
      case 2: keyboard_locked_ = to == Switch::kOn; break;
      case 4: insert = to == Switch::kOn; break;
      case 12: send_receive_ = to == Switch::kOn; break;
      case 20: newline = to == Switch::kOn; break;
      default: break;
    }
  }
}

void Modes::set_dec(int number, Switch to) {
  const bool on = to == Switch::kOn;
  if (is_mouse(number)) {
    mouse_ = on ? number : 0;
  } else if (is_mouse_encoding(number)) {
    mouse_encoding_ = on ? number : 0;
  } else {
    switch (number) {
      case 3:   // 132 columns: the viewer's terminal keeps its size
      case 47:  // the screens and the saved cursor are Screen's
      case 1047:
      case 1048:
      case 1049: return;
      case 6: origin = on; return;
      case 7: autowrap = on; return;
      case 66: keypad_ = on; return;
      case 69: left_right = on; return;
      default: dec.set(number, to);
    }
  }
}

// What is no region is ignored, as xterm does.
bool Modes::takes_margins(const Csi& csi, WindowSize size) const {
  if (csi.prefix != 0 || csi.intermediates[0] != 0 || (csi.final == 's' && !left_right)) return false;
  const int most = csi.final == 's' ? size.columns : size.rows;
  return csi.positive(0, 1) < std::min(csi.positive(1, most), most);
}

void Modes::set_margins(const Csi& csi, WindowSize size) {
  if (!takes_margins(csi, size)) return;
  const bool columns = csi.final == 's';
  const int most = columns ? size.columns : size.rows;
  (columns ? margins.left : margins.top) = csi.positive(0, 1) - 1;
  (columns ? margins.right : margins.bottom) = std::min(csi.positive(1, most), most) - 1;
}

void Modes::window(const Csi& csi) {
  if (csi.value(1, 0) == 1) return;  // the icon's name alone
  if (csi.value(0, 0) == 22) {
    if (titles_.size() == kMaxTitles) titles_.erase(titles_.begin());
    titles_.push_back(title_);
  } else if (csi.value(0, 0) == 23 && !titles_.empty()) {
    title_ = titles_.back();
    titles_.pop_back();
  }
}

void Modes::osc(std::string_view text) {
  const auto number = take_number(text);
  if (!number) return;
  switch (*number) {
    case 0: icon_ = harmless(text, kMaxTitle); [[fallthrough]];
    case 2: title_ = harmless(text, kMaxTitle); return;
    case 1: icon_ = harmless(text, kMaxTitle); return;
    case 4: return palette(text);
    case 8: link_ = text.size() > kMaxLink || text == ";" ? "" : harmless(text, kMaxLink); return;
    case 104: return palette_reset(text);
    default: break;
  }
  if (*number >= 10 && *number <= 19) return dynamic_color(*number, text);
  if (*number >= 110 && *number <= 119) dynamic_[*number - 100] = std::nullopt;
}

void Modes::palette(std::string_view text) {
  while (!text.empty()) {
    const auto index = take_number(text);
    if (!index || *index > 255) return;
    const auto end = std::min(text.find(';'), text.size());
    const std::string_view color = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!color.empty() && color != "?" && color.size() <= kMaxColor) palette_[*index] = harmless(color, kMaxColor);
  }
}

void Modes::palette_reset(std::string_view text) {
  if (text.empty())
    for (auto& [index, color] : palette_) color = std::nullopt;
  while (!text.empty()) {
    const auto index = take_number(text);
    if (!index || *index > 255) return;
    palette_[*index] = std::nullopt;
  }
}

// OSC 10 ; a ; b sets 10 and 11.
void Modes::dynamic_color(int number, std::string_view text) {
  for (; number <= 19 && !text.empty(); ++number) {
    const auto end = std::min(text.find(';'), text.size());
    const std::string_view color = text.substr(0, end);
    if (!color.empty() && color != "?" && color.size() <= kMaxColor) dynamic_[number] = harmless(color, kMaxColor);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

void Modes::write_colors(std::string& out) const {
  for (const auto& [index, color] : palette_) {
    if (color)
      fmt::format_to(to(out), "\x1b]4;{};{}\x1b\\", index, *color);
    else
      fmt::format_to(to(out), "\x1b]104;{}\x1b\\", index);
  }
  for (const auto& [number, color] : dynamic_) {
    if (color)
      fmt::format_to(to(out), "\x1b]{};{}\x1b\\", number, *color);
    else
      fmt::format_to(to(out), "\x1b]{}\x1b\\", number + 100);
  }
}

void Modes::write(std::string& out) const {
  if (icon_) fmt::format_to(to(out), "\x1b]1;{}\x1b\\", *icon_);
  for (const auto& title : titles_) {
    if (title) fmt::format_to(to(out), "\x1b]2;{}\x1b\\", *title);
    out += "\x1b[22;2t";
  }
  if (title_) fmt::format_to(to(out), "\x1b]2;{}\x1b\\", *title_);
  write_colors(out);
  dec.write(out);
  out += "\x1b[?9l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l";
  if (mouse_ != 0) fmt::format_to(to(out), "\x1b[?{}h", mouse_);
  if (mouse_encoding_ != 0) fmt::format_to(to(out), "\x1b[?{}h", mouse_encoding_);
  out += keypad_ ? "\x1b=" : "\x1b>";
  if (keyboard_locked_) out += "\x1b[2h";
  if (!send_receive_) out += "\x1b[12l";
  out += newline ? "\x1b[20h" : "\x1b[20l";
  if (cursor_style_) fmt::format_to(to(out), "\x1b[{} q", *cursor_style_);
  for (const auto& [resource, value] : modify_keys_) {
    if (value >= 0)
      fmt::format_to(to(out), "\x1b[>{};{}m", resource, value);
    else
      fmt::format_to(to(out), "\x1b[>{}m", resource);
  }
}

void Modes::write_link(std::string& out) const {
  if (!link_.empty()) fmt::format_to(to(out), "\x1b]8;{}\x1b\\", link_);
}

}  // namespace farpty::vt
