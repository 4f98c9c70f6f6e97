// System calls without a C library: a negative errno is the failure, as the kernel returns it.
//
// Numbers come from the kernel's own header, which describes the kernel and no libc. Only calls that every architecture of
// ours has (aarch64 has no open, stat, poll).
// Where a filter stops a program's calls for the listener (ttycall/filter.hpp), these pass: their sixth argument says so. Its
// register is cleared behind them, lest it says so of a call of the program's own.
#pragma once

#include <asm/unistd.h>

#include <cstddef>
#include <cstdint>

#include "ttycall/filter.hpp"

namespace farpty::shim {

inline constexpr long kPasses = static_cast<long>(ttycall::kNotStopped);

#if defined(__x86_64__)
inline void clear_sixth() { asm volatile("xorl %%r9d, %%r9d" : : : "r9", "cc"); }
inline long call(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = kPasses) {
  register long r10 asm("r10") = d;
  register long r8 asm("r8") = e;
  register long r9 asm("r9") = f;
  long result;
  asm volatile("syscall\n\txorl %%r9d, %%r9d"
               : "=a"(result), "+r"(r9)
               : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
               : "rcx", "r11", "memory", "cc");
  return result;
}
#elif defined(__aarch64__)
inline void clear_sixth() { asm volatile("mov x5, xzr" : : : "x5"); }
inline long call(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = kPasses) {
  register long x8 asm("x8") = number;
  register long x0 asm("x0") = a;
  register long x1 asm("x1") = b;
  register long x2 asm("x2") = c;
  register long x3 asm("x3") = d;
  register long x4 asm("x4") = e;
  register long x5 asm("x5") = f;
  asm volatile("svc 0\n\tmov x5, xzr" : "+r"(x0), "+r"(x5) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
  return x0;
}
#else
#error "the shim knows x86_64 and aarch64"
#endif

// One that is stopped where a filter stops calls.
inline long stopped_call(long number, long a, long b, long c) { return call(number, a, b, c, 0, 0, 0); }

template <typename T>
long address(T* pointer) {
  return reinterpret_cast<long>(pointer);
}

// Values of the kernel's headers that have no header without a libc's.
inline constexpr int kAtCwd = -100, kAtEmptyPath = 0x1000;
inline constexpr int kReadOnly = 0, kReadWrite = 2, kNoctty = 0400, kNonblock = 04000, kCloexec = 02000000,
                     kCreate = 0100, kTemporary = 020200000;
inline constexpr int kDupfd = 0, kDupfdCloexec = 1030, kGetDescriptorFlags = 1, kGetFlags = 3, kSetFlags = 4;
inline constexpr int kDontWait = 0x40, kPeek = 2, kNoSignal = 0x4000, kCmsgCloexec = 0x40000000;
inline constexpr int kGetSignal = 11;                  // F_GETSIG of <asm-generic/fcntl.h>
inline constexpr unsigned long kOutputQueue = 0x5411;  // SIOCOUTQ of <linux/sockios.h>
inline constexpr int kSigttin = 21, kSigttou = 22;

struct Iovec {
  void* base;
  std::size_t size;
};
struct Pollfd {
  int fd;
  short events, revents;
};
struct Timespec {
  long seconds, nanoseconds;
};
inline constexpr short kPollIn = 1;

inline long close(int fd) { return call(__NR_close, fd); }
inline long ioctl_call(int fd, unsigned long code, long argument) {
  return call(__NR_ioctl, fd, static_cast<long>(code), argument);
}
inline long open_call(int folder, const char* path, int flags, unsigned mode) {
  return call(__NR_openat, folder, address(path), flags, static_cast<long>(mode));
}
inline long receive(int fd, void* to, std::size_t size, int flags) {
  // Not recvfrom(2): gVisor looks where its sixth argument, our mark, points, although no address is wanted.
  struct {
    void* to;
    std::size_t size;
  } part{to, size};
  struct {  // struct msghdr
    void* name;
    std::size_t name_size;
    void* parts;
    std::size_t part_count;
    void* control;
    std::size_t control_size, flags;
  } message{nullptr, 0, &part, 1, nullptr, 0, 0};
  return call(__NR_recvmsg, fd, address(&message), flags);
}
inline long send(int fd, const void* from, std::size_t size, int flags) {
  return call(__NR_sendto, fd, address(from), static_cast<long>(size), flags, 0);
}
// Milliseconds; negative: no limit.
inline long poll_readable(int fd, int milliseconds) {
  Pollfd one{fd, kPollIn, 0};
  Timespec limit{milliseconds / 1000, milliseconds % 1000 * 1000000L};
  return call(__NR_ppoll, address(&one), 1, milliseconds < 0 ? 0 : address(&limit), 0, 8);
}
inline int own_group() { return static_cast<int>(call(__NR_getpgid, 0)); }
inline int own_session() { return static_cast<int>(call(__NR_getsid, 0)); }

}  // namespace farpty::shim
