// Terminal settings in the kernel's own layout: struct termios2 of <asm-generic/termbits.h>, as TCGETS2 and TCSETS2 carry it.
//
// Plain data for every layer: the line discipline, the shared page of the emulated device, the shim, the client. No system
// header is included, because <termios.h> turns each of these names into a macro and describes glibc's layout, not the
// kernel's. Names are POSIX's; values are those of asm-generic (x86, ARM, RISC-V; not MIPS, PowerPC, SPARC).
// Invariant: sizeof(Termios) is 44 and its bytes can be copied to and from the kernel.
#pragma once

#include <cstddef>
#include <cstdint>

namespace farpty::tty {

namespace iflag {
inline constexpr std::uint32_t kIgnbrk = 0x0001, kBrkint = 0x0002, kIgnpar = 0x0004, kParmrk = 0x0008, kInpck = 0x0010,
                               kIstrip = 0x0020, kInlcr = 0x0040, kIgncr = 0x0080, kIcrnl = 0x0100, kIuclc = 0x0200,
                               kIxon = 0x0400, kIxany = 0x0800, kIxoff = 0x1000, kImaxbel = 0x2000, kIutf8 = 0x4000;
}
namespace oflag {
inline constexpr std::uint32_t kOpost = 0x0001, kOlcuc = 0x0002, kOnlcr = 0x0004, kOcrnl = 0x0008, kOnocr = 0x0010,
                               kOnlret = 0x0020, kOfill = 0x0040, kOfdel = 0x0080, kTabdly = 0x1800, kXtabs = 0x1800;
}
namespace cflag {
inline constexpr std::uint32_t kCbaud = 0x100f, kBother = 0x1000, kCbaudex = 0x1000, kCsize = 0x0030, kCs8 = 0x0030,
                               kCstopb = 0x0040, kCread = 0x0080, kParenb = 0x0100, kParodd = 0x0200, kHupcl = 0x0400,
                               kClocal = 0x0800, kAddrb = 0x20000000, kB38400 = 0x000f;
inline constexpr unsigned kIbshift = 16;  // c_cflag holds the input speed this many bits above the output speed
}  // namespace cflag
namespace lflag {
inline constexpr std::uint32_t kIsig = 0x0001, kIcanon = 0x0002, kXcase = 0x0004, kEcho = 0x0008, kEchoe = 0x0010,
                               kEchok = 0x0020, kEchonl = 0x0040, kNoflsh = 0x0080, kTostop = 0x0100, kEchoctl = 0x0200,
                               kEchoprt = 0x0400, kEchoke = 0x0800, kFlusho = 0x1000, kPendin = 0x4000,
                               kIexten = 0x8000, kExtproc = 0x10000;
}

// Places in Termios::cc.
enum Cc : std::uint8_t {
  kVintr,
  kVquit,
  kVerase,
  kVkill,
  kVeof,
  kVtime,
  kVmin,
  kVswtc,
  kVstart,
  kVstop,
  kVsusp,
  kVeol,
  kVreprint,
  kVdiscard,
  kVwerase,
  kVlnext,
  kVeol2
};

inline constexpr std::size_t kNccs = 19;
inline constexpr std::uint8_t kDisabledCharacter = 0;  // _POSIX_VDISABLE: a control character that is switched off

struct Termios {
  std::uint32_t iflag, oflag, cflag, lflag;
  std::uint8_t line;
  std::uint8_t cc[kNccs];
  std::uint32_t ispeed, ospeed;  // bits per second

  [[nodiscard]] constexpr bool input(std::uint32_t bits) const { return (iflag & bits) != 0; }
  [[nodiscard]] constexpr bool output(std::uint32_t bits) const { return (oflag & bits) != 0; }
  [[nodiscard]] constexpr bool local(std::uint32_t bits) const { return (lflag & bits) != 0; }

  constexpr bool operator==(const Termios&) const = default;
};
static_assert(sizeof(Termios) == 44);

// What TCGETS and TCSETS carry: the same without the two speeds.
inline constexpr std::size_t kTermiosWithoutSpeeds = offsetof(Termios, ispeed);
static_assert(kTermiosWithoutSpeeds == 36);

// A fresh pty slave (tty_io.c: tty_std_termios, with c_cflag and speeds of pty.c: unix98_pty_init).
[[nodiscard]] constexpr Termios initial_termios() {
  return {
      .iflag = iflag::kIcrnl | iflag::kIxon,
      .oflag = oflag::kOpost | oflag::kOnlcr,
      .cflag = cflag::kB38400 | cflag::kCs8 | cflag::kCread,
      .lflag = lflag::kIsig | lflag::kIcanon | lflag::kEcho | lflag::kEchoe | lflag::kEchok | lflag::kEchoctl |
               lflag::kEchoke | lflag::kIexten,
      .line = 0,
      .cc = {3, 034, 0177, 025, 4, 0, 1, 0, 021, 023, 032, 0, 022, 017, 027, 026, 0, 0, 0},
      .ispeed = 38400,
      .ospeed = 38400,
  };
}

// cfmakeraw(3): every byte passes as it is, each read returns as soon as there is one.
[[nodiscard]] constexpr Termios make_raw(Termios from) {
  from.iflag &= ~(iflag::kIgnbrk | iflag::kBrkint | iflag::kParmrk | iflag::kIstrip | iflag::kInlcr | iflag::kIgncr |
                  iflag::kIcrnl | iflag::kIxon);
  from.oflag &= ~oflag::kOpost;
  from.lflag &= ~(lflag::kEcho | lflag::kEchonl | lflag::kIcanon | lflag::kIsig | lflag::kIexten);
  from.cflag = (from.cflag & ~(cflag::kCsize | cflag::kParenb)) | cflag::kCs8;
  from.cc[kVmin] = 1;
  from.cc[kVtime] = 0;
  return from;
}

// What the kernel keeps of `wanted` when a pty that has `current` is given it: speeds follow the B-codes of c_cflag, the
// character size is always 8 bits without parity, the receiver is on, ADDRB stays
// (tty_ioctl.c: set_termios, tty_set_termios; tty_baudrate.c; pty.c: pty_set_termios).
// For TCSETS, which carries no speeds, the caller puts those of `current` into `wanted`.
[[nodiscard]] Termios settled_termios(const Termios& current, Termios wanted);

// Bits per second that c_cflag asks for; BOTHER means the number in ospeed (tty_baudrate.c: tty_termios_baud_rate).
[[nodiscard]] std::uint32_t output_speed(const Termios& settings);
[[nodiscard]] std::uint32_t input_speed(const Termios& settings);  // tty_baudrate.c: tty_termios_input_baud_rate

// struct winsize, as TIOCGWINSZ and TIOCSWINSZ carry it. A change sends SIGWINCH to the foreground group; the same size again
// sends nothing (pty.c: pty_resize).
struct Winsize {
  std::uint16_t rows = 0, columns = 0;
  std::uint16_t width = 0, height = 0;  // pixels; 0 where nobody knows

  constexpr bool operator==(const Winsize&) const = default;
};
static_assert(sizeof(Winsize) == 8);

}  // namespace farpty::tty
