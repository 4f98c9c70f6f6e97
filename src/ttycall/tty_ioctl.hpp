// tty_ioctl: what a tty call means. The one place that knows which calls only look and which change something.
//
// Pure and freestanding: a copy of the slot and the bytes of the argument in, an answer or "ask the device" out. The shim,
// the static archive and the seccomp listener answer from it; the device executes what it passes on.
#pragma once

#include <cstdint>

#include "ttycall/layout.hpp"
#include "ttycall/request.hpp"

namespace farpty::ttycall {

// How many bytes a call reads from and writes to the memory that its argument points to.
struct Shape {
  std::uint8_t in = 0, out = 0;
};
[[nodiscard]] Shape shape_of(std::uint32_t code);

// Who calls, as the kernel has it.
struct Caller {
  std::int32_t sid = 0, pgrp = 0;
};

struct Verdict {
  enum class Kind : std::uint8_t {
    kDone,    // `result`, and `out` is filled
    kAsk,     // only the device can do it
    kChange,  // the same, after the check that keeps background processes from it (tty_jobctrl.c: tty_check_change)
    kUnread,  // bytes in the socket and the slot's `kept` (FIONREAD)
    kPlain,   // nothing about terminals: the kernel does it to the socket (FIOCLEX)
  };
  Kind kind = Kind::kDone;
  std::int32_t result = 0;
};

// `slot` is a consistent copy; `out` has room for kArgumentSize bytes.
[[nodiscard]] Verdict tty_ioctl(const Slot& slot, End end, const Caller& caller, std::uint32_t code, std::uint8_t* out);

// The device number of /dev/pts/N: UNIX98_PTY_SLAVE_MAJOR of <linux/major.h> and on; that of a master is 5:2.
[[nodiscard]] constexpr std::uint64_t slave_device(std::int32_t number) {
  const auto n = static_cast<std::uint64_t>(number);
  return (136ULL << 8) | (n & 0xff) | (n & 0xfff00) << 12;
}
inline constexpr std::uint64_t kMasterDevice = 5ULL << 8 | 2, kTtyDevice = 5ULL << 8;

// Errors that this module and the device answer with (errno-base.h, errno.h of the kernel; equal on all its targets).
namespace error {
inline constexpr std::int32_t kPerm = 1, kSrch = 3, kIntr = 4, kIo = 5, kNxio = 6, kBadf = 9, kAgain = 11, kNomem = 12,
                              kAcces = 13, kFault = 14, kBusy = 16, kNodev = 19, kInval = 22, kNfile = 23, kNotty = 25,
                              kNospc = 28;
}

}  // namespace farpty::ttycall
