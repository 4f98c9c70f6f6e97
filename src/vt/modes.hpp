// Modes: what a terminal has been told that is neither a cell nor a place: modes, margins, character sets, keyboard, colours,
// title. It is what libvterm has no getters for, kept after xterm's rules (ctlseqs) so that it can be told again.
//
// Pure and bounded: every list has a bound. Where the cursor is, tab stops and saved cursors are in Screen, which knows cells.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tty/winsize.hpp"
#include "vt/parser.hpp"
#include "vt/pen.hpp"

namespace farpty::vt {

enum class Switch : std::uint8_t { kOff, kOn };

// Modes that are set and reset by number, DECSET and DECRST. Those of kAlways are told to every terminal; of the others only
// what the program has touched, since terminals differ in what they begin with.
class DecModes {
 public:
  static constexpr std::size_t kMost = 48;
  static constexpr std::array kAlways{1, 25, 45, 1004, 2004};

  [[nodiscard]] bool on(int number) const;
  void set(int number, Switch to);
  void save(int number);                                        // XTSAVE
  [[nodiscard]] std::optional<Switch> saved(int number) const;  // for XTRESTORE
  void write(std::string& out) const;

 private:
  struct Mode {
    int number = 0;
    Switch now = Switch::kOff;
    std::optional<Switch> saved;
  };
  [[nodiscard]] const Mode* find(int number) const;
  Mode* find_or_add(int number);
  std::vector<Mode> touched_;
};

// G0 to G3 and which of them are mapped in (ECMA-35).
struct Charsets {
  struct Set {
    char kind = '(', second = 0, final = 'B';  // the escape sequence that designates it, but for which of G0..G3
    friend bool operator==(const Set&, const Set&) = default;
  };
  std::array<Set, 4> sets{};
  int left = 0, right = 2;
  friend bool operator==(const Charsets&, const Charsets&) = default;

  [[nodiscard]] char32_t map(char32_t character, int set) const;  // what it shows as, in Unicode
};
void write_charsets(std::string& out, const Charsets& charsets);

// The kitty keyboard protocol's flags; each of the two screens has its own.
struct KeyboardFlags {
  static constexpr std::size_t kMost = 16;  // entries of the stack; the oldest goes
  std::vector<std::uint8_t> stack;          // with the present flags at its end; empty: 0, never pushed
  void apply(const Csi& csi);
  void write(std::string& out) const;
};

struct Margins {
  int top = 0, bottom = 0;  // rows, the last one included
  int left = 0, right = 0;
  friend bool operator==(const Margins&, const Margins&) = default;
};

class Modes {
 public:
  explicit Modes(WindowSize size) { reset(size); }

  void reset(WindowSize size);       // RIS
  void soft_reset(WindowSize size);  // DECSTR
  void resize(WindowSize size);

  // Each takes what it is about and leaves the rest alone.
  void control(char control);
  void escape(const Escape& escape);
  void csi(const Csi& csi, WindowSize size);
  void osc(std::string_view text);

  Pen pen;
  Charsets charsets;
  DecModes dec;
  Margins margins;
  bool insert = false, newline = false;                      // IRM, LNM
  bool origin = false, autowrap = true, left_right = false;  // DECOM, DECAWM, DECLRMM
  bool alternate = false;                                    // the screen that is shown; set by Screen

  [[nodiscard]] bool margins_are_whole(WindowSize size) const;
  [[nodiscard]] bool takes_margins(const Csi& csi, WindowSize size) const;  // DECSTBM or DECSLRM that says a region

  // Appends sequences that tell a terminal, whatever it was told before, all of this but pen, charsets, margins, IRM, origin,
  // autowrap and the alternate screen, which stand between what is drawn. Moves no cursor.
  void write(std::string& out) const;
  void write_keyboard(std::string& out, bool of_alternate) const { keyboard_[of_alternate ? 1 : 0].write(out); }
  void write_link(std::string& out) const;

 private:
  static constexpr std::size_t kMaxTitle = 512, kMaxTitles = 8, kMaxLink = 2048, kMaxColor = 64;

  void set_modes(const Csi& csi, Switch to);
  void set_dec(int number, Switch to);
  void set_margins(const Csi& csi, WindowSize size);
  void window(const Csi& csi);
  void palette(std::string_view text);
  void palette_reset(std::string_view text);
  void dynamic_color(int number, std::string_view text);
  void write_colors(std::string& out) const;

  bool keypad_ = false;     // DECKPAM
  int mouse_ = 0;           // 9, 1000, 1001, 1002 or 1003: the one that was set last; 0: none
  int mouse_encoding_ = 0;  // 1005, 1006, 1015, 1016
  bool keyboard_locked_ = false, send_receive_ = true;  // KAM, SRM
  std::optional<int> cursor_style_;                     // DECSCUSR
  std::map<int, int> modify_keys_;                      // XTMODKEYS: resource 0 to 7, its value or -1
  std::array<KeyboardFlags, 2> keyboard_;
  std::optional<std::string> title_, icon_;
  std::vector<std::optional<std::string>> titles_;     // XTWINOPS 22
  std::string link_;                                   // OSC 8: "params;uri"; empty: none
  std::map<int, std::optional<std::string>> palette_;  // OSC 4; nullopt: reset
  std::map<int, std::optional<std::string>> dynamic_;  // OSC 10 to 19
};

}  // namespace farpty::vt
