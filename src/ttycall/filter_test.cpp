// The filter, run by a small interpreter, and given to the kernel to see that it takes it.
#include "ttycall/filter.hpp"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include <gtest/gtest.h>

namespace farpty::ttycall {

namespace {

seccomp_data call_of(long number, std::initializer_list<std::uint64_t> arguments = {}) {
  seccomp_data data{.nr = static_cast<int>(number), .arch = kAuditArchitecture, .instruction_pointer = 0, .args = {}};
  std::size_t i = 0;
  for (const std::uint64_t argument : arguments) data.args[i++] = argument;
  return data;
}

// What the kernel would return; nothing where the program is not well formed.
std::optional<std::uint32_t> run(const seccomp_data& data) {
  std::uint32_t accumulator = 0;
  for (unsigned at = 0; at < kFilter.size; ++at) {
    const Instruction& next = kFilter.code[at];
    bool yes = false;
    switch (next.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        if (next.value % 4 != 0 || next.value + 4 > sizeof data) return std::nullopt;
        std::memcpy(&accumulator, reinterpret_cast<const char*>(&data) + next.value, 4);
        continue;
      case BPF_RET | BPF_K: return next.value;
      case BPF_ALU | BPF_AND | BPF_K: accumulator &= next.value; continue;
      case BPF_JMP | BPF_JEQ | BPF_K: yes = accumulator == next.value; break;
      case BPF_JMP | BPF_JGE | BPF_K: yes = accumulator >= next.value; break;
      case BPF_JMP | BPF_JSET | BPF_K: yes = (accumulator & next.value) != 0; break;
      default: return std::nullopt;
    }
    at += yes ? next.yes : next.no;
  }
  return std::nullopt;
}

bool stops(const seccomp_data& data) {
  const auto verdict = run(data);
  EXPECT_TRUE(verdict == kAllow || verdict == kNotify);
  return verdict == kNotify;
}

TEST(Filter, calls_on_descriptors_stop_where_terminals_are) {
  for (const std::uint64_t fd : {0U, 1U, 2U, 960U, 1000U, 1023U}) {
    EXPECT_TRUE(stops(call_of(SYS_read, {fd}))) << fd;
    EXPECT_TRUE(stops(call_of(SYS_write, {fd}))) << fd;
    EXPECT_TRUE(stops(call_of(SYS_getpeername, {fd}))) << fd;
    EXPECT_TRUE(stops(call_of(SYS_fcntl, {fd, F_GETFL}))) << fd;
    EXPECT_TRUE(stops(call_of(SYS_newfstatat, {fd, 0, 0, AT_EMPTY_PATH}))) << fd;
    EXPECT_TRUE(stops(call_of(SYS_statx, {fd, 0, AT_EMPTY_PATH}))) << fd;
  }
  for (const std::uint64_t fd : {3U, 4U, 959U, 1024U, ~0U}) {
    EXPECT_FALSE(stops(call_of(SYS_read, {fd}))) << fd;
    EXPECT_FALSE(stops(call_of(SYS_writev, {fd}))) << fd;
    EXPECT_FALSE(stops(call_of(SYS_fstat, {fd}))) << fd;
    EXPECT_FALSE(stops(call_of(SYS_fcntl, {fd, F_GETFL}))) << fd;
    EXPECT_FALSE(stops(call_of(SYS_newfstatat, {fd, 0, 0, AT_EMPTY_PATH}))) << fd;
  }
}

TEST(Filter, tty_calls_stop_on_any_descriptor) {
  for (const unsigned long request :
       std::initializer_list<unsigned long>{TCGETS, TIOCGWINSZ, TIOCGPTN, FIONREAD, FIONBIO, 0x802c542a})
    EXPECT_TRUE(stops(call_of(SYS_ioctl, {77, request}))) << std::hex << request;
  for (const unsigned long request :
       std::initializer_list<unsigned long>{FIOCLEX, FIONCLEX, FIOASYNC, FIOQSIZE, 0x8910, 0})
    EXPECT_FALSE(stops(call_of(SYS_ioctl, {0, request}))) << std::hex << request;
}

TEST(Filter, names_stop) {
  EXPECT_TRUE(stops(call_of(SYS_openat, {})));
  EXPECT_TRUE(stops(call_of(SYS_openat2, {})));
  EXPECT_TRUE(stops(call_of(SYS_readlinkat, {})));
  EXPECT_TRUE(stops(call_of(SYS_newfstatat, {static_cast<std::uint64_t>(AT_FDCWD)})));
  EXPECT_TRUE(stops(call_of(SYS_statx, {static_cast<std::uint64_t>(AT_FDCWD)})));
}

TEST(Filter, flags_that_are_set_stop_on_any_descriptor) {
  EXPECT_TRUE(stops(call_of(SYS_fcntl, {77, F_SETFL})));
  EXPECT_FALSE(stops(call_of(SYS_fcntl, {0, F_DUPFD})));
}

TEST(Filter, other_calls_pass_whatever_their_arguments) {
  for (long number = 0; number < 1024; ++number) {
    const bool listed = std::ranges::any_of(kStopRules, [&](const auto& call) { return call.number == number; });
    if (!listed) EXPECT_FALSE(stops(call_of(number, {0, TCGETS, 0, 0}))) << number;
  }
}

TEST(Filter, the_shims_own_calls_pass) {
  for (const StopRule& call : kStopRules) {
    EXPECT_FALSE(stops(call_of(call.number, {0, TCGETS, 0, 0, 0, kNotStopped}))) << call.number;
    EXPECT_FALSE(stops(call_of(call.number, {77, F_SETFL, 0, 0, 0, kNotStopped}))) << call.number;
  }
  EXPECT_TRUE(stops(call_of(SYS_read, {0, 0, 0, 0, 0, kNotStopped ^ 1})));
  EXPECT_TRUE(stops(call_of(SYS_read, {0, 0, 0, 0, 0, kNotStopped ^ 1ULL << 63})));
}

TEST(Filter, other_architectures_pass) {
  seccomp_data data = call_of(SYS_read, {0});
  data.arch ^= 1;
  EXPECT_FALSE(stops(data));
#if defined(__x86_64__)
  EXPECT_FALSE(stops(call_of(SYS_read | 0x40000000, {0}))) << "x32";
#endif
}

TEST(Filter, the_kernel_takes_it) {
  const pid_t child = fork();
  if (child == 0) {
    sock_filter copy[Filter::kRoom];
    static_assert(sizeof copy == sizeof kFilter.code);
    std::memcpy(copy, kFilter.code, sizeof copy);
    const sock_fprog program{.len = kFilter.size, .filter = copy};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    // No listener: what would stop fails with ENOSYS.
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) _exit(errno);
    const bool stopped = syscall(SYS_read, 0, nullptr, 0) == -1 && errno == ENOSYS;
    const bool passed = syscall(SYS_read, -1, nullptr, 0, 0, 0, kNotStopped) == -1 && errno == EBADF;
    _exit(stopped && passed ? 0 : 255);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace

}  // namespace farpty::ttycall
