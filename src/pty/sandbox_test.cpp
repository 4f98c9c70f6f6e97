// The sandbox from inside: real children enter it and try each forbidden and each allowed act, once for each level of
// Landlock that this host can play. As root the tests become uid 1000 first, in a child.
#include "pty/sandbox.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "pty/sandbox_files.hpp"
#include "pty/terminal.hpp"

namespace farpty::pty {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr uid_t kUser = 1000;

std::string read_all(int fd) {
  std::string all;
  char chunk[4096];
  // EIO is how a pty says that its last program has gone.
  for (ssize_t got = 0; (got = ::read(fd, chunk, sizeof chunk)) > 0;) all.append(chunk, static_cast<std::size_t>(got));
  return all;
}

// The server's part while a sandboxed child runs: a loop that answers its questions about signals.
class Server {
 public:
  explicit Server(SandboxInstance& instance) : instance_(instance) {}
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() {
    ended_ = true;
    context_.stop();
    if (thread_.joinable()) thread_.join();
    instance_.stop_answering();
  }

  void serve(pid_t leader) {
    thread_ = std::thread([this, leader] {
      const auto busy = boost::asio::make_work_guard(context_);
      // A real server asks when the program has been executed; here the child may not have entered yet.
      while (!ended_ && !instance_.answer_signals(context_, leader)) std::this_thread::yield();
      context_.run();
    });
  }

 private:
  SandboxInstance& instance_;
  boost::asio::io_context context_{1};
  std::atomic<bool> ended_ = false;
  std::thread thread_;
};

// Runs `act` in a child as an ordinary user: what it says, or writes to stdout and stderr, and how it ended if not well.
std::string in_child(const std::function<std::string()>& act, Server* server = nullptr) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return "no pipe";
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ends[1], 1);
    ::dup2(ends[1], 2);
    const bool root = ::geteuid() == 0;
    if (root && (::setgroups(0, nullptr) != 0 || ::setresgid(kUser, kUser, kUser) != 0 ||
                 ::setresuid(kUser, kUser, kUser) != 0))
      ::_exit(98);
    const std::string words = act();
    (void)!::write(ends[1], words.data(), words.size());
    ::_exit(0);
  }
  ::close(ends[1]);
  if (server != nullptr) server->serve(child);
  std::string words = read_all(ends[0]);
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (status != 0) words += fmt::format("[wait status {:#x}]", status);
  return words;
}

std::string outcome(std::string_view what, long result) {
  return fmt::format("{}: {}\n", what, result >= 0 ? "ok" : ::strerrorname_np(errno));
}

std::vector<std::string> plain_environment() {
  return {"PATH=/usr/local/bin:/usr/bin:/bin:/usr/games", "TERM=xterm", "LANG=C.UTF-8", "HOME=/nowhere",
          "SSH_AUTH_SOCK=/s"};
}

[[noreturn]] void execute(const SandboxInstance& instance, const std::vector<std::string>& command) {
  const std::vector<std::string> environment = instance.environment(plain_environment());
  const auto pointers = [](const std::vector<std::string>& words) {
    std::vector<char*> list(words.size() + 1, nullptr);  // execve(2) writes to none of them
    std::ranges::transform(words, list.begin(), [](const std::string& word) { return ::strdup(word.c_str()); });
    return list;
  };
  ::execve(command[0].c_str(), pointers(command).data(), pointers(environment).data());
  ::_exit(97);
}

class SandboxTest : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    const auto abi = landlock_abi();
    if (!abi) GTEST_SKIP() << abi.error().message();
    if (GetParam() > *abi) GTEST_SKIP() << "this kernel's Landlock is ABI " << *abi;
    std::string pattern = ::testing::TempDir() + "farpty-sandbox-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    scratch_ = pattern;
    ASSERT_EQ(::chmod(scratch_.c_str(), 0777), 0);
    in_child([this] {
      std::filesystem::create_directory(outside());
      std::ofstream(outside() + "/secret") << "secret";
      return "";
    });
  }
  void TearDown() override {
    if (!scratch_.empty()) std::filesystem::remove_all(scratch_);
  }

  // A folder of the same user that no rule allows.
  [[nodiscard]] std::string outside() const { return scratch_ + "/outside"; }
  [[nodiscard]] std::string root() const { return scratch_ + "/root"; }
  [[nodiscard]] bool has_job_control() const { return GetParam() >= kAbiWithWarden; }
  [[nodiscard]] SandboxOptions options() const { return {.directory = root(), .landlock_abi_at_most = GetParam()}; }

  // What `act` says inside a sandbox, in a child that leads a session of its own.
  std::string inside(const std::function<std::string(const SandboxInstance&)>& act) {
    return in_child([&]() -> std::string {
      auto sandbox = Sandbox::prepare(options());
      if (!sandbox) return sandbox.error().message();
      auto instance = sandbox->instance();
      if (!instance) return instance.error().message();
      Server server(**instance);
      const auto enter_and_act = [&]() -> std::string {
        ::setsid();
        if (const ChildFailure failed = (*instance)->enter()) return fmt::format("{}: {}", failed.step, failed.code);
        return act(**instance);
      };
      return in_child(enter_and_act, &server);
    });
  }

  // What a command prints to stdout and stderr inside a sandbox, on pipes.
  std::string run(const std::vector<std::string>& command) {
    return inside([&](const SandboxInstance& instance) -> std::string { execute(instance, command); });
  }
  std::string shell(const std::string& script) { return run({"/bin/bash", "-c", script}); }

  // What a command shows on a terminal of its own, inside a sandbox, until `enough` has been seen or it ends.
  std::string on_terminal(const std::vector<std::string>& command, const std::string& typed,
                          const std::string& enough) {
    return in_child([&]() -> std::string {
      auto sandbox = Sandbox::prepare(options());
      if (!sandbox) return sandbox.error().message();
      auto instance = sandbox->instance();
      const OwnedFd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
      ::unlockpt(master.get());
      const std::string name = ::ptsname(master.get());
      const winsize size{.ws_row = 24, .ws_col = 80};
      ::ioctl(master.get(), TIOCSWINSZ, &size);
      const pid_t child = ::fork();
      if (child == 0) {
        ::setsid();
        const int tty = ::open(name.c_str(), O_RDWR);  // a session leader's first: it becomes the controlling terminal
        for (const int fd : {0, 1, 2}) ::dup2(tty, fd);
        if (::chdir((*instance)->home().c_str()) != 0 || (*instance)->enter().code != 0) ::_exit(96);
        execute(**instance, command);
      }
      Server server(**instance);
      server.serve(child);
      (void)!::write(master.get(), typed.data(), typed.size());
      std::string shown;
      char chunk[4096];
      for (ssize_t got = 0; !shown.contains(enough) && (got = ::read(master.get(), chunk, sizeof chunk)) > 0;)
        shown.append(chunk, static_cast<std::size_t>(got));
      ::kill(child, SIGKILL);
      ::waitpid(child, nullptr, 0);
      return shown;
    });
  }

  std::string scratch_;
};

INSTANTIATE_TEST_SUITE_P(Landlock, SandboxTest, ::testing::Values(1, 2, 3, 4, 5, 6, 7),
                         [](const auto& tested) { return fmt::format("Abi{}", tested.param); });

TEST_P(SandboxTest, OpensOnlyWhatTheRulesName) {
  const std::string seen = inside([this](const SandboxInstance& instance) {
    const auto reading = [](const std::string& path) { return outcome(path, ::open(path.c_str(), O_RDONLY)); };
    std::string words;
    for (const char* path : {"/etc/passwd", "/usr/bin/env", "/bin/sh", "/usr", "/dev/null", "/dev/urandom"})
      words += reading(path);
    for (const char* path : {"/etc/shadow", "/etc/hosts", "/proc/1/environ", "/proc/self/environ", "/proc/meminfo",
                             "/proc", "/root", "/home", "/", "/tmp", "/var", "/run", "/sys", "/dev/ptmx", "/dev/shm"})
      words += reading(path);
    words += outcome("another file of this user", ::open((outside() + "/secret").c_str(), O_RDONLY));
    words += outcome("its folder", ::open(outside().c_str(), O_RDONLY));
    words += outcome("all private directories", ::open((instance.home() + "/../..").c_str(), O_RDONLY));
    words += outcome("write /dev/null", ::open("/dev/null", O_WRONLY | O_TRUNC));
    words += outcome("write home", ::open((instance.home() + "/a").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600));
    words += outcome("write tmp", ::open((instance.tmp() + "/a").c_str(), O_WRONLY | O_CREAT, 0600));
    return words;
  });
  EXPECT_EQ(
      seen,
      "/etc/passwd: ok\n/usr/bin/env: ok\n/bin/sh: ok\n/usr: ok\n/dev/null: ok\n/dev/urandom: ok\n"
      "/etc/shadow: EACCES\n/etc/hosts: EACCES\n/proc/1/environ: EACCES\n/proc/self/environ: EACCES\n"
      "/proc/meminfo: EACCES\n/proc: EACCES\n/root: EACCES\n/home: EACCES\n/: EACCES\n/tmp: EACCES\n/var: EACCES\n"
      "/run: EACCES\n/sys: EACCES\n/dev/ptmx: EACCES\n/dev/shm: EACCES\n"
      "another file of this user: EACCES\nits folder: EACCES\nall private directories: EACCES\n"
      "write /dev/null: ok\nwrite home: ok\nwrite tmp: ok\n");
}

TEST_P(SandboxTest, ChangesNothingOutside) {
  const std::string seen = inside([this](const SandboxInstance& instance) {
    const std::string secret = outside() + "/secret";
    const std::string fresh = outside() + "/fresh";
    const std::string mine = instance.home() + "/mine";
    std::string words = outcome("own file", ::open(mine.c_str(), O_WRONLY | O_CREAT, 0600));
    words += outcome("write", ::open(secret.c_str(), O_WRONLY));
    words += outcome("create", ::open(fresh.c_str(), O_WRONLY | O_CREAT, 0600));
    words += outcome("truncate", ::truncate(secret.c_str(), 0));
    words += outcome("open to truncate", ::open(secret.c_str(), O_RDONLY | O_TRUNC));
    words += outcome("unlink", ::unlink(secret.c_str()));
    words += outcome("rename", ::rename(secret.c_str(), fresh.c_str()));
    words += outcome("rename away",
                     ::rename(secret.c_str(), mine.c_str()) < 0 && errno == EXDEV ? (errno = EACCES, -1) : -1);
    words += outcome("link in",
                     ::link(secret.c_str(), (mine + "2").c_str()) < 0 && errno == EXDEV ? (errno = EACCES, -1) : -1);
    words += outcome("symlink", ::symlink("x", fresh.c_str()));
    words += outcome("mkdir", ::mkdir(fresh.c_str(), 0700));
    words += outcome("rmdir", ::rmdir(outside().c_str()));
    words += outcome("mkfifo", ::mkfifo(fresh.c_str(), 0600));
    words += outcome("chmod", ::chmod(secret.c_str(), 0777));
    words += outcome("chown", ::chown(secret.c_str(), kUser, kUser));
    words += outcome("setxattr", ::setxattr(secret.c_str(), "user.a", "1", 1, 0));
    words += outcome("utimensat", ::utimensat(AT_FDCWD, secret.c_str(), nullptr, 0));
    words += outcome("inotify", ::inotify_init1(0));
    words += outcome("follow a link of its own", ::symlink(secret.c_str(), (instance.home() + "/way").c_str()) < 0
                                                     ? -1
                                                     : ::open((instance.home() + "/way").c_str(), O_RDONLY));
    const int own = ::open(mine.c_str(), O_RDWR);
    words += outcome("own fchmod", ::fchmod(own, 0644)) + outcome("own futimens", ::futimens(own, nullptr));
    words += outcome("own ftruncate", ::ftruncate(own, 10));
    words += outcome("own rename", ::rename(mine.c_str(), (mine + "3").c_str()));
    return words;
  });
  EXPECT_EQ(seen,
            fmt::format("own file: ok\nwrite: EACCES\ncreate: EACCES\ntruncate: {}\nopen to truncate: EACCES\n"
                        "unlink: EACCES\nrename: EACCES\nrename away: EACCES\nlink in: EACCES\nsymlink: EACCES\n"
                        "mkdir: EACCES\nrmdir: EACCES\nmkfifo: EACCES\nchmod: EPERM\nchown: EPERM\nsetxattr: EPERM\n"
                        "utimensat: EPERM\ninotify: EPERM\nfollow a link of its own: EACCES\n"
                        "own fchmod: ok\nown futimens: ok\nown ftruncate: ok\nown rename: ok\n",
                        GetParam() < 3 ? "EPERM" : "EACCES"));
}

TEST_P(SandboxTest, ReachesNoNetwork) {
  EXPECT_EQ(
      inside([](const SandboxInstance&) {
        std::string words;
        for (const int family : {AF_INET, AF_INET6, AF_UNIX, AF_NETLINK, AF_PACKET, AF_VSOCK})
          words += outcome(fmt::format("socket {}", family), ::socket(family, SOCK_DGRAM, 0));
        int pair[2] = {-1, -1};
        words += outcome("datagram pair", ::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair));
        words += outcome("stream pair", ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
        sockaddr_un journal{.sun_family = AF_UNIX, .sun_path = "/run/systemd/journal/socket"};
        auto* const address = reinterpret_cast<sockaddr*>(&journal);
        words += outcome("connect", ::connect(pair[0], address, sizeof journal));
        words += outcome("bind", ::bind(pair[0], address, sizeof journal));
        words += outcome("listen", ::listen(pair[0], 1)) + outcome("accept", ::accept(pair[0], nullptr, nullptr));
        words += outcome("talk", ::write(pair[0], "x", 1));
        char parameters[120] = {};
        words += outcome("io_uring", ::syscall(SYS_io_uring_setup, 8, parameters));
        return words;
      }),
      "socket 2: EACCES\nsocket 10: EACCES\nsocket 1: EACCES\nsocket 16: EACCES\nsocket 17: EACCES\nsocket 40: EACCES\n"
      "datagram pair: EACCES\nstream pair: ok\nconnect: EACCES\nbind: EACCES\nlisten: EACCES\naccept: EACCES\n"
      "talk: ok\nio_uring: ENOSYS\n");
}

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

TEST_P(SandboxTest, FindsTheKernelsDoorsShut) {
  EXPECT_EQ(
      inside([](const SandboxInstance&) {
        std::string words = outcome("unshare", ::unshare(CLONE_NEWUSER));
        words += outcome("clone into a namespace", ::syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0));
        words += outcome("clone a brother", ::syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0));
        words += outcome("clone3", ::syscall(SYS_clone3, nullptr, 0)) + outcome("setns", ::setns(0, 0));
        words += outcome("mount", ::syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, 0));
        words += outcome("open_tree", ::syscall(SYS_open_tree, -1, "/", 0));
        words += outcome("keyctl", ::syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0));
        words += outcome("add_key", ::syscall(SYS_add_key, "user", "a", "b", 1, KEY_SPEC_PROCESS_KEYRING));
        words += outcome("bpf", ::syscall(SYS_bpf, 0, nullptr, 0));
        words += outcome("perf", ::syscall(SYS_perf_event_open, nullptr, 0, -1, -1, 0));
        words += outcome("userfaultfd", ::syscall(SYS_userfaultfd, 1));
        words += outcome("init_module", ::syscall(SYS_init_module, nullptr, 0, ""));
        words += outcome("a call from the future", ::syscall(999));
        words += outcome("capability by setuid", ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : -1);
        return words;
      }),
      "unshare: EPERM\nclone into a namespace: EPERM\nclone a brother: EPERM\nclone3: ENOSYS\nsetns: EPERM\n"
      "mount: EPERM\nopen_tree: EPERM\nkeyctl: EPERM\nadd_key: EPERM\nbpf: EPERM\nperf: EPERM\nuserfaultfd: EPERM\n"
      "init_module: EPERM\na call from the future: ENOSYS\ncapability by setuid: ok\n");
}

#if defined(__x86_64__)
TEST_P(SandboxTest, HasNoOtherSystemCallTable) {
  EXPECT_EQ(inside([](const SandboxInstance&) { return outcome("x32 getpid", ::syscall(0x40000000 + SYS_getpid)); }),
            "x32 getpid: ENOSYS\n");
  // getpid by the 32-bit entry: number 20 there. The kernel kills the process for it.
  EXPECT_THAT(inside([](const SandboxInstance&) {
                long result = 20;
                asm volatile("int $0x80" : "+a"(result) : : "memory");
                return outcome("i386 getpid", result);
              }),
              HasSubstr("[wait status 0x1f]"));
}
#endif

TEST_P(SandboxTest, RunsAShellInItsHome) {
  EXPECT_EQ(shell("echo hi > $HOME/x; cat $HOME/x; mktemp -d >/dev/null && ls /usr | grep -c bin; kill -0 $$; echo $?; "
                  "echo $SSH_AUTH_SOCK"),
            "hi\n2\n0\n\n");
  EXPECT_THAT(shell("cat /etc/shadow"), HasSubstr("Permission denied"));
  EXPECT_THAT(shell("exec 3<>/dev/tcp/127.0.0.1/1"), HasSubstr("Permission denied"));
  EXPECT_EQ(shell("sort <(echo b; echo a) | tee $TMPDIR/sorted"), "a\nb\n");
  EXPECT_THAT(shell("sudo -n id; newgrp root <<<id"), Not(HasSubstr("(root)")));
}

TEST_P(SandboxTest, GivesAShellItsJobs) {
  const std::string killed = shell("sleep 0.2 & kill %1; wait %1; echo $?");
  // On the oldest kernels a shell may not signal a job by number: docs/public-applications.md tells it.
  EXPECT_THAT(killed, HasSubstr(has_job_control() ? "143\n" : "0\n"));
}

// The way of a real session: by vfork, on a pty, with and without a keeper in between.
TEST_P(SandboxTest, GivesAStartedShellItsJobs) {
  if (!has_job_control()) GTEST_SKIP() << "needs scopes or a warden";
  for (const Leftovers leftovers : {Leftovers::kLiveOn, Leftovers::kAreKilled}) {
    const std::string shown = in_child([&]() -> std::string {
      auto sandbox = Sandbox::prepare(options());
      auto instance = sandbox->instance();
      boost::asio::io_context context(1);
      const Program shell{.file = "bash",
                          .arguments = {"bash", "-c", "set -m; sleep 100 & kill %1; wait %1; echo ended by $?"},
                          .environment = (*instance)->environment(plain_environment()),
                          .directory = (*instance)->home(),
                          .steps = {instance->get()},
                          .leftovers = leftovers};
      auto started = start(context, TerminalKind::kKernel, shell, WindowSize{});
      if (!started) return started.error().message();
      if (auto done = (*instance)->answer_signals(context, started->child.leader); !done) return done.error().message();
      std::string output;
      std::array<std::byte, 4096> chunk{};
      int code = EAGAIN;
      while (code == 0 || code == EAGAIN) {
        context.restart();
        context.poll();
        const Transfer got = started->terminal->read(chunk);
        output += as_text(Bytes(chunk).first(got.count));
        code = got.code;
      }
      started->child.keeper.reset();
      ::waitpid(started->child.pid, nullptr, 0);
      (*instance)->stop_answering();
      return output;
    });
    EXPECT_THAT(shown, HasSubstr("ended by 143\r\n"));
  }
}

TEST_P(SandboxTest, RunsAnInterpreter) {
  EXPECT_EQ(run({"/usr/bin/python3", "-c",
                 "import subprocess, tempfile, asyncio, threading\n"
                 "t = threading.Thread(target=print, args=('thread',)); t.start(); t.join()\n"
                 "tempfile.NamedTemporaryFile().close()\n"
                 "print(subprocess.check_output(['echo', 'child']).decode().strip())\n"
                 "asyncio.run(asyncio.sleep(0)); print('loop')\n"
                 "try: __import__('socket').socket(); print('socket!')\n"
                 "except OSError as e: print(e.strerror)\n"}),
            "thread\nchild\nloop\nPermission denied\n");
}

TEST_P(SandboxTest, SaysWhyTopCannotRun) {
  EXPECT_THAT(run({"/usr/bin/top", "-b", "-n1"}), HasSubstr("mount -t proc"));
}

TEST_P(SandboxTest, UsesItsOwnTerminalAndNoOther) {
  const std::string script =
      "import os, fcntl, termios\n"
      "def attempt(what, act):\n"
      "  try: act(); print(what, 'ok')\n"
      "  except OSError as e: print(what, e.strerror)\n"
      "tty = os.open(os.ttyname(0), os.O_RDWR)\n"
      "attempt('by name', lambda: termios.tcgetattr(tty))\n"
      "attempt('by dev tty', lambda: termios.tcgetattr(os.open('/dev/tty', os.O_RDWR)))\n"
      "attempt('size', lambda: fcntl.ioctl(0, termios.TIOCGWINSZ, b'12345678'))\n"
      "attempt('typing', lambda: fcntl.ioctl(0, termios.TIOCSTI, b'x'))\n"
      "attempt('typing, high bits set', lambda: fcntl.ioctl(0, termios.TIOCSTI | 0x7fff00000000 & 0xffffffff, b'x'))\n"
      "attempt('paste', lambda: fcntl.ioctl(0, 0x541C, b'x'))\n"
      "attempt('discipline', lambda: fcntl.ioctl(0, 0x5423, b'1234'))\n"
      "attempt('all terminals', lambda: os.listdir('/dev/pts'))\n"
      "attempt('new terminal', lambda: os.open('/dev/ptmx', os.O_RDWR))\n"
      "print('done')\n";
  const std::string shown = on_terminal({"/usr/bin/python3", "-c", script}, "", "done");
  EXPECT_THAT(shown, HasSubstr("by name ok\r\nby dev tty ok\r\nsize ok\r\ntyping Operation not permitted\r\n"));
  EXPECT_THAT(shown, HasSubstr("paste Operation not permitted\r\ndiscipline Operation not permitted\r\n"
                               "all terminals Permission denied\r\nnew terminal Permission denied\r\ndone"));
}

TEST_P(SandboxTest, StopsAndContinuesAJobOnItsTerminal) {
  if (!has_job_control()) GTEST_SKIP() << "fg and bg send SIGCONT by number, which needs scopes or a warden";
  const std::string shown =
      on_terminal({"/bin/bash", "--norc", "-i"}, "sh -c 'kill -STOP $$; echo back'\nfg\n", "back\r\n");
  EXPECT_THAT(shown, HasSubstr("Stopped"));
  EXPECT_THAT(shown, HasSubstr("back\r\n"));
}

TEST_P(SandboxTest, PlaysBastet) {
  if (::access("/usr/games/bastet", X_OK) != 0) GTEST_SKIP() << "bastet is not installed";
  EXPECT_THAT(on_terminal({"/usr/games/bastet"}, "", "Play"), HasSubstr("Play"));
}

TEST_P(SandboxTest, LeavesNothingBehind) {
  const std::string trap = "cd $HOME; for i in 1 2 3 4 5 6 7 8; do mkdir -p a/b/c$i/d; touch a/b/c$i/f; done; ln -s " +
                           outside() +
                           " way; mkdir -m 000 shut; mkdir -p x/y/z; touch x/y/z/f; python3 -c '\n"
                           "import os\n"
                           "fd = os.open(\"x/y\", os.O_RDONLY); os.fchmod(fd, 0)\n"
                           "for depth in range(60): os.mkdir(\"d\" * 200, 0o700); os.chdir(\"d\" * 200)\n"
                           "'; echo made";
  EXPECT_THAT(shell(trap), StartsWith("made"));
  // The sandbox's own end has waited for the removal.
  EXPECT_TRUE(std::filesystem::is_empty(root()));
  EXPECT_TRUE(std::filesystem::exists(outside() + "/secret"));
}

TEST_P(SandboxTest, RemovesWhatAKilledServerLeft) {
  EXPECT_EQ(in_child([this]() -> std::string {
              auto sandbox = Sandbox::prepare(options());
              auto instance = sandbox->instance();
              const std::string left = (*instance)->home();
              auto again = Sandbox::prepare(options());  // the first one's lock is held: it stays
              const bool kept = std::filesystem::exists(left);
              ::_exit(kept ? 0 : 1);  // without any destructor: as if killed
            }),
            "");
  EXPECT_FALSE(std::filesystem::is_empty(root()));
  in_child([this]() -> std::string { return Sandbox::prepare(options()) ? "" : "refused"; });
  EXPECT_TRUE(std::filesystem::is_empty(root()));
}

TEST(SandboxHost, RefusesRootAndSaysWhatToDo) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs to be root";
  const auto sandbox = Sandbox::prepare();
  ASSERT_FALSE(sandbox);
  EXPECT_THAT(sandbox.error().message(), HasSubstr("cannot start with --sandbox: the server runs as root"));
}

TEST(SandboxHost, SaysThatLandlockIsMissing) {
  EXPECT_THAT(in_child([] { return Sandbox::prepare({.landlock_abi_at_most = 0}).error().message(); }),
              StartsWith("cannot start with --sandbox: cannot confine files by Landlock: this kernel has none"));
}

TEST(SandboxHost, RefusesAPlaceThatOthersCanUse) {
  const std::string shared = ::testing::TempDir() + "farpty-shared-" + std::to_string(getpid());
  EXPECT_THAT(in_child([&] {
                std::filesystem::create_directory(shared);
                ::chmod(shared.c_str(), 0755);
                const std::string words = Sandbox::prepare({.directory = shared}).error().message();
                std::filesystem::remove(shared);
                return words;
              }),
              HasSubstr("it is open to other users (chmod 700"));
  EXPECT_THAT(in_child([] { return Sandbox::prepare({.directory = "/usr/lib"}).error().message(); }),
              HasSubstr("it belongs to another user"));
}

}  // namespace
}  // namespace farpty::pty
