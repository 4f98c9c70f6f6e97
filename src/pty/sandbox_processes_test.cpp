// Other processes, seen from inside the sandbox: its own, and those of the same user outside.
#include "pty/sandbox_fixture.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/msg.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <string>

namespace farpty::pty {
namespace {

using ::testing::HasSubstr;

// Another process of the same user, outside. Its end tells which deadly signal came first.
class Victim {
 public:
  Victim() : pid_(::fork()) {
    if (pid_ != 0) return;
    ::setpgid(0, 0);
    if (::geteuid() == 0 && ::setresuid(kUser, kUser, kUser) != 0) ::_exit(1);
    while (true) ::pause();
  }
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] int end() const {
    ::kill(pid_, SIGTERM);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : -1;
  }

 private:
  pid_t pid_;
};

TEST_P(SandboxTest, SignalsNobodyOutside) {
  Victim victim;
  const pid_t target = victim.pid();
  const std::string seen = inside([target](const SandboxInstance&) {
    siginfo_t info{};
    info.si_code = SI_QUEUE;
    std::string words = outcome("kill", ::kill(target, SIGKILL)) + outcome("probe", ::kill(target, 0));
    words += outcome("tkill", ::syscall(SYS_tkill, target, SIGKILL));
    words += outcome("tgkill", ::syscall(SYS_tgkill, target, target, SIGKILL));
    words += outcome("sigqueue", ::syscall(SYS_rt_sigqueueinfo, target, SIGKILL, &info));
    words += outcome("tgsigqueue", ::syscall(SYS_rt_tgsigqueueinfo, target, target, SIGKILL, &info));
    const long pidfd = ::syscall(SYS_pidfd_open, target, 0);
    words += outcome("pidfd", ::syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, nullptr, 0));
    words += outcome("the server", ::kill(::getppid(), SIGKILL));
    // By way of a descriptor's owner: allowed or not, nothing may arrive.
    int pair[2];
    ::socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    ::fcntl(pair[0], F_SETOWN, target);
    ::fcntl(pair[0], F_SETFL, O_ASYNC);
    (void)!::write(pair[1], "x", 1);
    int owner = target;
    ::ioctl(pair[0], 0x8901 /* FIOSETOWN */, &owner);
    (void)!::write(pair[1], "x", 1);
    return words;
  });
  EXPECT_EQ(seen,
            "kill: EPERM\nprobe: EPERM\ntkill: EPERM\ntgkill: EPERM\nsigqueue: EPERM\ntgsigqueue: EPERM\npidfd: EPERM\n"
            "the server: EPERM\n");
  EXPECT_EQ(victim.end(), SIGTERM) << "something reached it before the test itself did";
}

TEST_P(SandboxTest, SignalsItsOwn) {
  const std::string seen = inside([](const SandboxInstance&) {
    ::signal(SIGUSR1, SIG_IGN);
    std::string words =
        outcome("itself", ::kill(::getpid(), SIGUSR1)) + outcome("raise", ::raise(SIGUSR1) == 0 ? 0 : -1);
    ::setpgid(0, 0);
    words += outcome("its group", ::kill(0, SIGUSR1)) + outcome("its group by number", ::kill(-::getpgrp(), SIGUSR1));
    const pid_t child = ::fork();
    if (child == 0) {
      while (true) ::pause();
    }
    // On the oldest kernels a child can only be signalled as a member of the group.
    const long killed = ::kill(child, SIGKILL);
    words += outcome("a child", killed);
    if (killed < 0) {
      ::signal(SIGTERM, SIG_IGN);
      ::kill(0, SIGTERM);
    }
    return words;
  });
  EXPECT_THAT(seen, HasSubstr("itself: ok\nraise: ok\nits group: ok\nits group by number: ok\n"));
  EXPECT_THAT(seen, HasSubstr(has_job_control() ? "a child: ok\n" : "a child: EPERM\n"));
}

TEST_P(SandboxTest, MeddlesWithNoOtherProcess) {
  Victim victim;
  const pid_t target = victim.pid();
  const std::string seen = inside([target](const SandboxInstance&) {
    std::string words = outcome("ptrace", ::ptrace(PTRACE_ATTACH, target, nullptr, nullptr));
    words += outcome("ptrace itself", ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr));
    char byte = 0;
    const iovec here{.iov_base = &byte, .iov_len = 1};
    words += outcome("process_vm_readv", ::syscall(SYS_process_vm_readv, target, &here, 1, &here, 1, 0));
    const long pidfd = ::syscall(SYS_pidfd_open, target, 0);
    words += outcome("pidfd_getfd", ::syscall(SYS_pidfd_getfd, pidfd, 0, 0));
    rlimit none{};
    words += outcome("prlimit", ::prlimit(target, RLIMIT_NOFILE, &none, nullptr));
    words += outcome("own prlimit", ::prlimit(0, RLIMIT_CORE, nullptr, &none));
    words += outcome("setpriority", ::setpriority(PRIO_PROCESS, static_cast<id_t>(target), 19));
    words += outcome("setpriority of the user", ::setpriority(PRIO_USER, 0, 19));
    words += outcome("own setpriority", ::setpriority(PRIO_PROCESS, 0, std::max(1, ::getpriority(PRIO_PROCESS, 0))));
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    CPU_SET(0, &cpus);
    words += outcome("sched_setaffinity", ::sched_setaffinity(target, sizeof cpus, &cpus));
    words +=
        outcome("shmget", ::shmget(IPC_PRIVATE, 1, IPC_CREAT)) + outcome("msgget", ::msgget(IPC_PRIVATE, IPC_CREAT));
    words += outcome("setsid", ::fork() == 0 ? (::_exit(::setsid() < 0 ? 0 : 1), 0) : 0);
    return words;
  });
  EXPECT_EQ(seen,
            "ptrace: EPERM\nptrace itself: EPERM\nprocess_vm_readv: EPERM\npidfd_getfd: EPERM\nprlimit: EPERM\n"
            "own prlimit: ok\nsetpriority: EPERM\nsetpriority of the user: EPERM\nown setpriority: ok\n"
            "sched_setaffinity: EPERM\nshmget: ENOSYS\nmsgget: ENOSYS\nsetsid: ok\n");
  EXPECT_EQ(victim.end(), SIGTERM);
}

}  // namespace
}  // namespace farpty::pty
