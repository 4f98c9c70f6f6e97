#include "tty/termios.hpp"

#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <gtest/gtest.h>

#include "tty/flow.hpp"

namespace farpty::tty {
namespace {

struct Constant {
  const char* name;
  std::uint32_t ours;
  std::uint32_t kernels;
};
#define SAME(ours, theirs) \
  Constant { #theirs, ours, theirs }

TEST(Termios, ConstantsAreTheKernels) {
  const Constant constants[] = {
      SAME(iflag::kIgnbrk, IGNBRK),
      SAME(iflag::kBrkint, BRKINT),
      SAME(iflag::kIgnpar, IGNPAR),
      SAME(iflag::kParmrk, PARMRK),
      SAME(iflag::kInpck, INPCK),
      SAME(iflag::kIstrip, ISTRIP),
      SAME(iflag::kInlcr, INLCR),
      SAME(iflag::kIgncr, IGNCR),
      SAME(iflag::kIcrnl, ICRNL),
      SAME(iflag::kIuclc, IUCLC),
      SAME(iflag::kIxon, IXON),
      SAME(iflag::kIxany, IXANY),
      SAME(iflag::kIxoff, IXOFF),
      SAME(iflag::kImaxbel, IMAXBEL),
      SAME(iflag::kIutf8, IUTF8),
      SAME(oflag::kOpost, OPOST),
      SAME(oflag::kOlcuc, OLCUC),
      SAME(oflag::kOnlcr, ONLCR),
      SAME(oflag::kOcrnl, OCRNL),
      SAME(oflag::kOnocr, ONOCR),
      SAME(oflag::kOnlret, ONLRET),
      SAME(oflag::kOfill, OFILL),
      SAME(oflag::kOfdel, OFDEL),
      SAME(oflag::kTabdly, TABDLY),
      SAME(oflag::kXtabs, XTABS),
      SAME(cflag::kCbaud, CBAUD),
      SAME(cflag::kBother, BOTHER),
      SAME(cflag::kCbaudex, CBAUDEX),
      SAME(cflag::kCsize, CSIZE),
      SAME(cflag::kCs8, CS8),
      SAME(cflag::kCstopb, CSTOPB),
      SAME(cflag::kCread, CREAD),
      SAME(cflag::kParenb, PARENB),
      SAME(cflag::kParodd, PARODD),
      SAME(cflag::kHupcl, HUPCL),
      SAME(cflag::kClocal, CLOCAL),
      SAME(cflag::kB38400, B38400),
      SAME(cflag::kIbshift, IBSHIFT),
      SAME(lflag::kIsig, ISIG),
      SAME(lflag::kIcanon, ICANON),
      SAME(lflag::kXcase, XCASE),
      SAME(lflag::kEcho, ECHO),
      SAME(lflag::kEchoe, ECHOE),
      SAME(lflag::kEchok, ECHOK),
      SAME(lflag::kEchonl, ECHONL),
      SAME(lflag::kNoflsh, NOFLSH),
      SAME(lflag::kTostop, TOSTOP),
      SAME(lflag::kEchoctl, ECHOCTL),
      SAME(lflag::kEchoprt, ECHOPRT),
      SAME(lflag::kEchoke, ECHOKE),
      SAME(lflag::kFlusho, FLUSHO),
      SAME(lflag::kPendin, PENDIN),
      SAME(lflag::kIexten, IEXTEN),
      SAME(lflag::kExtproc, EXTPROC),
      SAME(kVintr, VINTR),
      SAME(kVquit, VQUIT),
      SAME(kVerase, VERASE),
      SAME(kVkill, VKILL),
      SAME(kVeof, VEOF),
      SAME(kVtime, VTIME),
      SAME(kVmin, VMIN),
      SAME(kVswtc, VSWTC),
      SAME(kVstart, VSTART),
      SAME(kVstop, VSTOP),
      SAME(kVsusp, VSUSP),
      SAME(kVeol, VEOL),
      SAME(kVreprint, VREPRINT),
      SAME(kVdiscard, VDISCARD),
      SAME(kVwerase, VWERASE),
      SAME(kVlnext, VLNEXT),
      SAME(kVeol2, VEOL2),
      SAME(kNccs, NCCS),
      SAME(packet::kData, TIOCPKT_DATA),
      SAME(packet::kFlushRead, TIOCPKT_FLUSHREAD),
      SAME(packet::kFlushWrite, TIOCPKT_FLUSHWRITE),
      SAME(packet::kStop, TIOCPKT_STOP),
      SAME(packet::kStart, TIOCPKT_START),
      SAME(packet::kNoStop, TIOCPKT_NOSTOP),
      SAME(packet::kDoStop, TIOCPKT_DOSTOP),
      SAME(packet::kIoctl, TIOCPKT_IOCTL),
  };
  for (const Constant& constant : constants) EXPECT_EQ(constant.ours, constant.kernels) << constant.name;
}

TEST(Termios, LayoutIsTheKernels) {
  EXPECT_EQ(sizeof(Termios), sizeof(termios2));
  EXPECT_EQ(offsetof(Termios, cc), offsetof(termios2, c_cc));
  EXPECT_EQ(offsetof(Termios, ispeed), offsetof(termios2, c_ispeed));
  EXPECT_EQ(kTermiosWithoutSpeeds, sizeof(termios));
}

TEST(Termios, SpeedsFollowTheirCodes) {
  struct Example {
    std::uint32_t cflag, ispeed, ospeed, input, output;
  };
  const Example examples[] = {
      {.cflag = B38400, .ispeed = 1, .ospeed = 2, .input = 38400, .output = 38400},  // codes win over numbers
      {.cflag = B9600 | (B300 << IBSHIFT), .ispeed = 0, .ospeed = 0, .input = 300, .output = 9600},
      {.cflag = B4000000, .ispeed = 0, .ospeed = 0, .input = 4000000, .output = 4000000},  // the last code
      {.cflag = B0, .ispeed = 7, .ospeed = 7, .input = 0, .output = 0},              // hang up, which a pty does not
      {.cflag = BOTHER, .ispeed = 111, .ospeed = 222, .input = 222, .output = 222},  // the input follows the output
      {.cflag = BOTHER | (BOTHER << IBSHIFT), .ispeed = 111, .ospeed = 222, .input = 111, .output = 222},
  };
  for (const Example& example : examples) {
    Termios wanted = initial_termios();
    wanted.cflag = example.cflag;
    wanted.ispeed = example.ispeed;
    wanted.ospeed = example.ospeed;
    const Termios settled = settled_termios(initial_termios(), wanted);
    EXPECT_EQ(settled.ispeed, example.input) << example.cflag;
    EXPECT_EQ(settled.ospeed, example.output) << example.cflag;
  }
}

TEST(Termios, APtyHasEightBitsAndNoParity) {
  Termios wanted = initial_termios();
  wanted.cflag = CS5 | PARENB | PARODD | CSTOPB | HUPCL | ADDRB;
  const Termios settled = settled_termios(initial_termios(), wanted);
  EXPECT_EQ(settled.cflag, std::uint32_t{CS8 | CREAD | PARODD | CSTOPB | HUPCL});
}

TEST(Termios, RawLeavesNothingToTheTerminal) {
  const Termios raw = make_raw(initial_termios());
  EXPECT_EQ(raw.iflag, 0U);
  EXPECT_EQ(raw.oflag, oflag::kOnlcr);
  EXPECT_EQ(raw.lflag, lflag::kEchoe | lflag::kEchok | lflag::kEchoctl | lflag::kEchoke);
  EXPECT_EQ(raw.cc[kVmin], 1);
}

}  // namespace
}  // namespace farpty::tty
