// withoutcalls: runs a command as on an older kernel: the named system calls fail with ENOSYS, for it and all its children.
//
//   withoutcalls NAME[,NAME]... COMMAND [ARGUMENT]...
//
// A seccomp filter of one comparison for each call. Invariant: the command runs only after each of the calls was seen to fail.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { kOwnFailure = 125, kCannotRun = 126, kCannotHere = 77 };  // as env(1); 77 is a skip

static const struct {
  const char* name;
  int number;
} kCalls[] = {
    {"memfd_create", SYS_memfd_create},                        // Linux 3.17
    {"statx", SYS_statx},                                      // 4.11
    {"pidfd_send_signal", SYS_pidfd_send_signal},              // 5.1
    {"clone3", SYS_clone3},                                    // 5.3
    {"pidfd_open", SYS_pidfd_open},                            // 5.3
    {"openat2", SYS_openat2},                                  // 5.6
    {"pidfd_getfd", SYS_pidfd_getfd},                          // 5.6
    {"faccessat2", SYS_faccessat2},                            // 5.8
    {"close_range", SYS_close_range},                          // 5.9
    {"landlock_create_ruleset", SYS_landlock_create_ruleset},  // 5.13
};
enum { kCallCount = sizeof kCalls / sizeof *kCalls };

#if defined(__x86_64__)
enum { kArch = AUDIT_ARCH_X86_64 };
#elif defined(__aarch64__)
enum { kArch = (int)AUDIT_ARCH_AARCH64 };
#else
#error "withoutcalls knows x86_64 and aarch64"
#endif

static int number_of(const char* name) {
  for (int i = 0; i < kCallCount; ++i)
    if (strcmp(kCalls[i].name, name) == 0) return kCalls[i].number;
  fprintf(stderr, "withoutcalls: unknown call %s\n", name);
  exit(kOwnFailure);
}

int main(int count, char** arguments) {
  if (count < 3) {
    fputs("usage: withoutcalls NAME[,NAME]... COMMAND [ARGUMENT]...\n", stderr);
    return kOwnFailure;
  }
  struct sock_filter filter[4 + 2 * kCallCount + 1] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)kArch, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
  };
  int numbers[kCallCount], gone = 0, size = 4;
  for (char* name = strtok(arguments[1], ","); name != NULL && gone < kCallCount; name = strtok(NULL, ",")) {
    numbers[gone] = number_of(name);
    filter[size++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)numbers[gone++], 0, 1);
    filter[size++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
  }
  filter[size++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  const struct sock_fprog program = {.len = (unsigned short)size, .filter = filter};
  // Without CAP_SYS_ADMIN a filter costs no_new_privs.
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0 &&
      (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
       syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0)) {
    fprintf(stderr, "withoutcalls: cannot install a filter: %s\n", strerror(errno));
    return kCannotHere;
  }
  for (int i = 0; i < gone; ++i) {
    if (syscall(numbers[i], -1, 0, 0, 0, 0, 0) != -1 || errno != ENOSYS) {
      fprintf(stderr, "withoutcalls: call %d is still there\n", numbers[i]);
      return kOwnFailure;
    }
  }
  execvp(arguments[2], arguments + 2);
  fprintf(stderr, "withoutcalls: cannot run %s: %s\n", arguments[2], strerror(errno));
  return errno == ENOENT ? 127 : kCannotRun;
}
