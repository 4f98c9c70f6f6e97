// What the sandbox lets nobody reach: files outside, the network, the doors of the kernel; and what is left of it afterwards.
#include "pty/sandbox.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <string>

#include "pty/sandbox_fixture.hpp"

namespace farpty::pty {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

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
