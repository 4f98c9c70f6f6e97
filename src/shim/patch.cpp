// The constructor: remembers the device, and leads libc's own callers to our functions.
//
// libc's internal calls never go through the PLT: isatty, openpty, posix_spawn and all of stdio reach read, ioctl and their
// like by an internal name at the same address. So the entries themselves are overwritten with a jump of 14 bytes (the
// functions are aligned to 16). Where mprotect(2) refuses, the public names alone serve most programs.
// Only in programs that run on a terminal of ours: without FARPTY_TTY nothing is touched.
#include "shim/device.hpp"
#include "shim/libc.hpp"
#include "shim/syscall.hpp"

extern "C" {
int ioctl(int, unsigned long, void*);
int tcgetattr(int, void*);
int tcsetattr(int, int, const void*);
int tcdrain(int);
int ttyname_r(int, char*, std::size_t);
char* ttyname(int);
int open(const char*, int, unsigned);
int openat(int, const char*, int, unsigned);
long read(int, void*, std::size_t);
long write(int, const void*, std::size_t);
long readv(int, const void*, int);
long writev(int, const void*, int);
int fcntl(int, int, long);
int dup(int);
int dup2(int, int);
int dup3(int, int, int);
int fstat(int, void*);
int stat(const char*, void*);
int lstat(const char*, void*);
int fstatat(int, const char*, void*, int);
int execve(const char*, char* const*, char* const*);
}

namespace farpty::shim {

namespace {

struct Entry {
  const char* name;
  void* ours;
};

#define FARPTY_ENTRY(name) {#name, reinterpret_cast<void*>(&name)}
const Entry kEntries[] = {
    FARPTY_ENTRY(ioctl),     FARPTY_ENTRY(tcgetattr),
    FARPTY_ENTRY(tcsetattr), FARPTY_ENTRY(tcdrain),
    FARPTY_ENTRY(ttyname_r), FARPTY_ENTRY(ttyname),
    FARPTY_ENTRY(open),      FARPTY_ENTRY(openat),
    FARPTY_ENTRY(read),      FARPTY_ENTRY(write),
    FARPTY_ENTRY(readv),     FARPTY_ENTRY(writev),
    FARPTY_ENTRY(fcntl),     {"fcntl64", reinterpret_cast<void*>(&fcntl)},
    FARPTY_ENTRY(fstat),     FARPTY_ENTRY(stat),
    FARPTY_ENTRY(lstat),     FARPTY_ENTRY(fstatat),
    FARPTY_ENTRY(execve),    FARPTY_ENTRY(dup),
    FARPTY_ENTRY(dup2),      FARPTY_ENTRY(dup3),
};
#undef FARPTY_ENTRY
constexpr std::size_t kEntryCount = sizeof kEntries / sizeof *kEntries;
constexpr std::uintptr_t kPage = 4096;
constexpr int kReadExecute = 1 | 4, kAll = 1 | 2 | 4;

#if defined(__x86_64__)
constexpr std::size_t kJumpSize = 14;
void write_jump(std::uint8_t* at, void* to) {
  constexpr std::uint8_t kJump[] = {0xff, 0x25, 0, 0, 0, 0};  // jmp *0(%rip)
  __builtin_memcpy(at, kJump, sizeof kJump);
  __builtin_memcpy(at + sizeof kJump, &to, sizeof to);
}
#else
constexpr std::size_t kJumpSize = 16;
void write_jump(std::uint8_t* at, void* to) {
  constexpr std::uint32_t kJump[] = {0x58000050, 0xd61f0200};  // ldr x16, +8; br x16
  __builtin_memcpy(at, kJump, sizeof kJump);
  __builtin_memcpy(at + sizeof kJump, &to, sizeof to);
  // As __builtin___clear_cache, a call into the compiler's library, would: Arm ARM, "Synchronization and coherency issues between
  // data and instruction accesses". A line has 16 bytes at least, so these are in two at most.
  const std::uint8_t* const lines[] = {at, at + kJumpSize - 1};
  for (const std::uint8_t* line : lines) asm volatile("dc cvau, %0" : : "r"(line) : "memory");
  asm volatile("dsb ish" : : : "memory");
  for (const std::uint8_t* line : lines) asm volatile("ic ivau, %0" : : "r"(line) : "memory");
  asm volatile("dsb ish\n\tisb" : : : "memory");
}
#endif

bool protect(std::uintptr_t from, std::uintptr_t to, int how) {
  return call(__NR_mprotect, static_cast<long>(from), static_cast<long>(to - from), how) == 0;
}

void patch_libc() {
  std::uintptr_t entries[kEntryCount] = {}, lowest = ~std::uintptr_t{0}, highest = 0;
  for (std::size_t i = 0; i < kEntryCount; ++i) {
    void* const found = find_next(kEntries[i].name);
    if (found == nullptr || found == kEntries[i].ours) continue;
    entries[i] = reinterpret_cast<std::uintptr_t>(found);
    if (entries[i] < lowest) lowest = entries[i];
    if (entries[i] > highest) highest = entries[i];
  }
  if (highest == 0) return;
  const std::uintptr_t from = lowest & ~(kPage - 1), to = (highest + kJumpSize + kPage - 1) & ~(kPage - 1);
  // Another library's function of one of these names, far from libc: leave everything to the public names.
  constexpr std::uintptr_t kLargestText = 4 << 20;
  if (to - from > kLargestText || !protect(from, to, kAll)) return;
  for (std::size_t i = 0; i < kEntryCount; ++i)
    if (entries[i] != 0) write_jump(reinterpret_cast<std::uint8_t*>(entries[i]), kEntries[i].ours);
  protect(from, to, kReadExecute);
}

// glibc hands the arguments to constructors, musl does not.
__attribute__((constructor)) void start(int, char**, char** environment) {
  if (&__environ != nullptr && __environ != nullptr) environment = __environ;
  remember_device(environment);
  if (device_variable() != nullptr) patch_libc();
}

}  // namespace

}  // namespace farpty::shim
