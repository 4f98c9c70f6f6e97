// One operation on a pty, and what can be seen of it. The same step is done on a kernel pty and on ours.
//
// A step holds everything that it needs, so a list of steps can be cut down and done again.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tty/termios.hpp"

namespace farpty::parity {

enum class Op : std::uint8_t {
  kMasterWrite,   // bytes
  kMasterRead,    // size
  kSlaveWrite,    // bytes
  kSlaveRead,     // size; blocking where it returns at once
  kSimulate,      // argument: a byte, by TIOCSTI
  kSetTermios,    // termios, when
  kFlushSlave,    // argument: TCIFLUSH, TCOFLUSH, TCIOFLUSH
  kFlushMaster,   // the same on the master
  kFlowSlave,     // argument: TCOOFF, TCOON, TCIOFF, TCION
  kFlowMaster,    // the same on the master
  kPacketMode,    // argument: on or off
  kMasterSignal,  // argument: a signal, by TIOCSIG
  kResize,        // winsize
  kDrain          // tcdrain
};

enum class When : std::uint8_t { kNow, kDrain, kFlush };

struct Step {
  Op op = Op::kDrain;
  When when = When::kNow;
  bool other_end = false;    // set_termios and resize through the master; slave_read on a descriptor that may block
  bool with_speeds = false;  // TCSETS2 instead of TCSETS
  std::uint32_t size = 0;
  std::uint8_t argument = 0;
  tty::Termios termios{};
  tty::Winsize winsize{};
  std::vector<std::uint8_t> bytes;

  [[nodiscard]] std::string text() const;
};

// What both sides must agree on after a step.
struct Observation {
  std::int64_t result = 0;          // what the call returned, or -errno
  std::vector<std::uint8_t> bytes;  // what it read
  std::uint32_t signals = 0;        // bit (number - 1) of each signal that came to the foreground group
  std::uint32_t slave_unread = 0, master_unread = 0;  // FIONREAD
  std::uint32_t slave_queued = 0, master_queued = 0;  // TIOCOUTQ
  std::int16_t slave_poll = 0, master_poll = 0;
  tty::Termios termios{};
  tty::Winsize winsize{};

  bool operator==(const Observation&) const = default;
  [[nodiscard]] std::string text() const;
};

[[nodiscard]] std::string quoted(const std::vector<std::uint8_t>& bytes);
[[nodiscard]] std::string text_of(const tty::Termios& termios);

}  // namespace farpty::parity
