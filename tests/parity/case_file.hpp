// Readable examples: `.case` files in a small language, run on our terminal and on the kernel's.
//
//   ! name                    a new terminal
//   set WORD...               settings: sane, raw, FLAG, -FLAG, intr=^C, min=3; `set flush ...` is TCSETSF
//   type "..."                the master writes, as a keyboard
//   print "..." [takes N]     a program writes; all of it is taken unless said
//   reads "..." [of N]        a program's read of N bytes (4096) returns this
//   reads end|nothing [of N]  it returns 0, or would wait
//   times out with "..."|nothing      a read that waits is ended by VTIME and returns this
//   is interrupted with "..."|nothing  a read that waits is ended by a signal
//   shows "..."               all that the master can read
//   status WORD...            a packet-mode status byte: stop start flushread flushwrite nostop dostop ioctl
//   signals WORD...|none      what the foreground group got since the last `signals`
//   unread N                  FIONREAD of the slave
//   polls nothing|in|out|in out           poll of the slave
//   flush input|output|both   TCFLSH
//   flow off|on|send-stop|send-start      TCXONC
//   packetmode on|off         TIOCPKT
//   deviates                  our device does otherwise (docs/line-discipline.md): there the case must not hold
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "step.hpp"

namespace farpty::parity {

struct Case {
  std::string name;
  std::string file;
  std::size_t line = 0;
  std::vector<std::pair<std::size_t, std::string>> commands;  // line number, text
  bool deviates = false;
};

[[nodiscard]] Result<std::vector<Case>> read_cases(const std::string& path);

// How a read that waits is ended.
enum class End : std::uint8_t { kAtOnce, kByTimer, kBySignal };

// Does one step on some terminal and says what was seen.
using Terminal = std::function<Observation(const Step&, End)>;

// Empty, or what went otherwise: "editing.case:12: reads "ab\n": got "a\n"".
[[nodiscard]] std::string run_case(const Case& example, const Terminal& terminal);

}  // namespace farpty::parity
