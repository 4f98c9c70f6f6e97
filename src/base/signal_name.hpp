// The short name of a signal, "HUP": as glibc's sigabbrev_np(3), which no other libc has.
#pragma once

namespace farpty {

// Null where it is no signal of this system, or one of real time. Async-signal-safe.
[[nodiscard]] const char* signal_name(int number) noexcept;

}  // namespace farpty
