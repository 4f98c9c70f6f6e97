// Filter: which system calls of a program without the shim stop for the listener: a seccomp program (seccomp(2),
// SECCOMP_RET_USER_NOTIF) of constants, installed by the shim before it executes such a program, or by the launcher.
//
// A filter sees numbers and no memory, so every call that names a file stops; calls on descriptors stop only where the
// number is one at which terminals are: 0 to 2, and those at which the listener hands out opened ones. All calls that are
// not listed are allowed by their number alone, which the kernel remembers: they cost nothing.
// Invariant: nothing but kAllow and kNotify is ever returned, and a call of another architecture is allowed.
#pragma once

#include <asm/unistd.h>

#include <cstdint>

namespace farpty::ttycall {

// struct sock_filter of <linux/filter.h>.
struct Instruction {
  std::uint16_t code;
  std::uint8_t yes, no;
  std::uint32_t value;
};

inline constexpr std::uint32_t kAllow = 0x7fff0000, kNotify = 0x7fc00000;  // <linux/seccomp.h>

// The sixth argument of the shim's own calls where the kernel ignores it: they know what they do and are not stopped. Not a
// secret: who forges it sees a socket in place of its terminal. Random.
inline constexpr std::uint64_t kNotStopped = 0x6cb1'93de'27a5'f04b;

// Descriptors that the listener hands out have these numbers, so that calls on them stop (where the program's limit allows;
// below 1024, for select(2)).
inline constexpr std::uint32_t kFirstHandedOut = 960, kMostHandedOut = 64;

#if defined(__x86_64__)
inline constexpr std::uint32_t kAuditArchitecture = 0xc000003e;  // <linux/audit.h>
#elif defined(__aarch64__)
inline constexpr std::uint32_t kAuditArchitecture = 0xc00000b7;
#else
#error "the filter knows x86_64 and aarch64"
#endif

// Which part of the filter decides about a call.
enum class Stopped : std::uint8_t {
  kNever,
  kByDescriptor,   // its first argument
  kByRequest,      // ioctl: its second argument is a tty call
  kByCommand,      // fcntl
  kByFourthFlags,  // a name, or with AT_EMPTY_PATH in the fourth argument a descriptor
  kByThirdFlags,   // the same in the third
  kAlways,         // it names a file
};

struct StopRule {
  std::uint32_t number;
  Stopped how;
};

inline constexpr StopRule kStopRules[] = {
    {__NR_read, Stopped::kByDescriptor},
    {__NR_readv, Stopped::kByDescriptor},
    {__NR_write, Stopped::kByDescriptor},
    {__NR_writev, Stopped::kByDescriptor},
    {__NR_fstat, Stopped::kByDescriptor},
    {__NR_getpeername, Stopped::kByDescriptor},
    {__NR_getsockname, Stopped::kByDescriptor},
    {__NR_getsockopt, Stopped::kByDescriptor},
    {__NR_setsockopt, Stopped::kByDescriptor},
    {__NR_shutdown, Stopped::kByDescriptor},
    {__NR_fchmod, Stopped::kByDescriptor},
    {__NR_fchown, Stopped::kByDescriptor},
    {__NR_recvfrom, Stopped::kByDescriptor},
    {__NR_recvmsg, Stopped::kByDescriptor},
    {__NR_sendto, Stopped::kByDescriptor},
    {__NR_sendmsg, Stopped::kByDescriptor},
    {__NR_ioctl, Stopped::kByRequest},
    {__NR_fcntl, Stopped::kByCommand},
    {__NR_openat, Stopped::kAlways},
    {__NR_openat2, Stopped::kAlways},
    {__NR_readlinkat, Stopped::kAlways},
    {__NR_faccessat, Stopped::kAlways},
    {__NR_faccessat2, Stopped::kAlways},
    {__NR_fchmodat, Stopped::kAlways},
    {__NR_fchownat, Stopped::kAlways},
    {__NR_statx, Stopped::kByThirdFlags},
    {__NR_newfstatat, Stopped::kByFourthFlags},
#if defined(__x86_64__)
    {__NR_open, Stopped::kAlways},
    {__NR_creat, Stopped::kAlways},
    {__NR_stat, Stopped::kAlways},
    {__NR_lstat, Stopped::kAlways},
    {__NR_readlink, Stopped::kAlways},
    {__NR_access, Stopped::kAlways},
    {__NR_chmod, Stopped::kAlways},
    {__NR_chown, Stopped::kAlways},
    {__NR_lchown, Stopped::kAlways},
#endif
};

struct Filter {
  static constexpr unsigned kRoom = 160;
  Instruction code[kRoom] = {};
  unsigned size = 0;
};

// Builds a Filter while compiling.
class FilterMaker {
 public:
  static constexpr Filter make() {
    FilterMaker maker;
    maker.dispatch();
    for (int how = 1; how <= static_cast<int>(Stopped::kAlways); ++how) maker.block(static_cast<Stopped>(how));
    return maker.filter_;
  }

 private:
  // <linux/bpf_common.h>: BPF_LD|BPF_W|BPF_ABS, BPF_JMP with BPF_JEQ, BPF_JGE or BPF_JSET, BPF_RET, BPF_ALU|BPF_AND
  static constexpr std::uint16_t kLoad = 0x20, kIfEqual = 0x15, kIfAtLeast = 0x35, kIfAnyBit = 0x45, kReturn = 0x06,
                                 kAnd = 0x54;
  // Offsets in struct seccomp_data, and of argument N; little-endian.
  static constexpr std::uint32_t kNumber = 0, kArchitecture = 4;
  static constexpr std::uint32_t low(unsigned argument) { return 16 + 8 * argument; }
  static constexpr std::uint32_t high(unsigned argument) { return 20 + 8 * argument; }

  constexpr void emit(std::uint16_t code, std::uint32_t value, unsigned yes = 0, unsigned no = 0) {
    filter_.code[filter_.size++] = {code, static_cast<std::uint8_t>(yes), static_cast<std::uint8_t>(no), value};
  }
  constexpr void allow() { emit(kReturn, kAllow); }
  constexpr void notify() { emit(kReturn, kNotify); }

  // A jump for each call, patched when its block is placed.
  constexpr void dispatch() {
    emit(kLoad, kArchitecture);
    emit(kIfEqual, kAuditArchitecture, 1, 0);
    allow();
    emit(kLoad, kNumber);
    for (unsigned i = 0; i < kCalls; ++i) {
      unsigned place = i;
      for (; place > 0 && sorted_[place - 1].number > kStopRules[i].number; --place)
        sorted_[place] = sorted_[place - 1];
      sorted_[place] = kStopRules[i];
    }
    search(0, kCalls);
  }

  // By halves: whoever installs the filter waits until the kernel has tried it with every number (seccomp.c:
  // seccomp_cache_prepare).
  constexpr void search(unsigned first, unsigned end) {
    if (constexpr unsigned kFew = 3; end - first <= kFew) {
      for (unsigned i = first; i < end; ++i) {
        jump_[i] = filter_.size;
        emit(kIfEqual, sorted_[i].number);
      }
      return allow();
    }
    const unsigned middle = (first + end) / 2, jump = filter_.size;
    emit(kIfAtLeast, sorted_[middle].number);
    search(first, middle);
    filter_.code[jump].yes = distance_from(jump);
    search(middle, end);
  }
  [[nodiscard]] constexpr std::uint8_t distance_from(unsigned jump) const {
    return static_cast<std::uint8_t>(filter_.size - jump - 1);
  }

  constexpr void block(Stopped how) {
    for (unsigned i = 0; i < kCalls; ++i)
      if (sorted_[i].how == how) filter_.code[jump_[i]].yes = distance_from(jump_[i]);
    emit(kLoad, low(5));
    emit(kIfEqual, static_cast<std::uint32_t>(kNotStopped), 0, 3);
    emit(kLoad, high(5));
    emit(kIfEqual, static_cast<std::uint32_t>(kNotStopped >> 32), 0, 1);
    allow();
    decide(how);
  }

  constexpr void decide(Stopped how) {
    constexpr std::uint32_t kEmptyPath = 0x1000, kGetFlags = 3, kSetFlags = 4;
    switch (how) {
      case Stopped::kNever: break;
      case Stopped::kByDescriptor: return by_descriptor();
      case Stopped::kByRequest: return by_request();
      case Stopped::kByCommand:
        emit(kLoad, low(1));
        emit(kIfEqual, kSetFlags, 0, 1);
        notify();
        emit(kIfEqual, kGetFlags, 1, 0);
        allow();
        return by_descriptor();
      case Stopped::kByFourthFlags:
      case Stopped::kByThirdFlags:
        emit(kLoad, low(how == Stopped::kByFourthFlags ? 3 : 2));
        emit(kIfAnyBit, kEmptyPath, 1, 0);
        notify();
        return by_descriptor();
      case Stopped::kAlways: return notify();
    }
  }

  constexpr void by_descriptor() {
    emit(kLoad, low(0));
    emit(kIfAtLeast, 3, 1, 0);
    notify();
    emit(kIfAtLeast, kFirstHandedOut + kMostHandedOut, 1, 0);
    emit(kIfAtLeast, kFirstHandedOut, 1, 0);
    allow();
    notify();
  }

  // Requests of type 'T' (asm-generic/ioctls.h), but for those that concern any descriptor: FIONCLEX, FIOCLEX, FIOASYNC and
  // FIOQSIZE.
  constexpr void by_request() {
    emit(kLoad, low(1));
    constexpr std::uint32_t kPlain[] = {0x5450, 0x5451, 0x5452, 0x5460};
    for (const std::uint32_t plain : kPlain) {
      emit(kIfEqual, plain, 0, 1);
      allow();
    }
    emit(kAnd, 0xff00);
    emit(kIfEqual, 'T' << 8, 0, 1);
    notify();
    allow();
  }

  static constexpr unsigned kCalls = sizeof kStopRules / sizeof *kStopRules;
  Filter filter_;
  StopRule sorted_[kCalls] = {};  // by number
  unsigned jump_[kCalls] = {};    // where each one's jump stands
};

inline constexpr Filter kFilter = FilterMaker::make();
static_assert(kFilter.size < Filter::kRoom);

}  // namespace farpty::ttycall
