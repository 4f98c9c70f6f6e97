// What the kernel makes of the settings that a program asks for: speeds and the bits that a pty forces.
#include "tty/termios.hpp"

namespace farpty::tty {

namespace {

// tty_baudrate.c: baud_table. Codes above 15 are written as CBAUDEX | (code - 15) in c_cflag.
constexpr std::uint32_t kSpeeds[] = {0,       50,      75,      110,     134,     150,     200,    300,
                                     600,     1200,    1800,    2400,    4800,    9600,    19200,  38400,
                                     57600,   115200,  230400,  460800,  500000,  576000,  921600, 1000000,
                                     1152000, 1500000, 2000000, 2500000, 3000000, 3500000, 4000000};

// `code` is a B-code already moved down to the CBAUD bits; `exact` is what BOTHER stands for.
std::uint32_t speed_of(std::uint32_t code, std::uint32_t exact) {
  if (code == cflag::kBother) return exact;
  return (code & cflag::kCbaudex) != 0 ? kSpeeds[(code & 15) + 15] : kSpeeds[code & 15];
}

}  // namespace

std::uint32_t output_speed(const Termios& settings) {
  return speed_of(settings.cflag & cflag::kCbaud, settings.ospeed);
}

std::uint32_t input_speed(const Termios& settings) {
  const std::uint32_t code = (settings.cflag >> cflag::kIbshift) & cflag::kCbaud;
  return code == 0 ? output_speed(settings) : speed_of(code, settings.ispeed);
}

Termios settled_termios(const Termios& current, Termios wanted) {
  wanted.ispeed = input_speed(wanted);
  wanted.ospeed = output_speed(wanted);
  wanted.cflag = (wanted.cflag & ~cflag::kAddrb) | (current.cflag & cflag::kAddrb);
  wanted.cflag = (wanted.cflag & ~(cflag::kCsize | cflag::kParenb)) | cflag::kCs8 | cflag::kCread;
  return wanted;
}

}  // namespace farpty::tty
