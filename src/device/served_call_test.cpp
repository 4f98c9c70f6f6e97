// What each stopped call means, without a kernel that stops any. Reads and writes: served_transfer_test.cpp.
#include "device/served_call.hpp"

#include <asm/unistd.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

#include <gtest/gtest.h>

#include "device/served_call_fixture.hpp"
#include "ttycall/ioctls.hpp"

namespace farpty::device {

namespace {

TEST_F(ServedCallTest, what_is_not_on_a_terminal_is_the_kernels) {
  EXPECT_TRUE(serve(__NR_read, {5, kMemory, 1})->let_gone);
  EXPECT_TRUE(serve(__NR_write, {5, kMemory, 1})->let_gone);
  EXPECT_TRUE(serve(__NR_ioctl, {5, TCGETS, kMemory})->let_gone);
  EXPECT_TRUE(serve(__NR_ioctl, {99, TCGETS, kMemory})->let_gone) << "closed";
  EXPECT_TRUE(serve(__NR_fcntl, {5, F_SETFL, O_NONBLOCK})->let_gone);
  EXPECT_TRUE(serve(__NR_fstat, {5, kMemory})->let_gone);
  EXPECT_TRUE(serve(__NR_getpeername, {5, kMemory, kMemory})->let_gone);
  EXPECT_TRUE(serve(__NR_openat, {kHere, kMemory, 0}, "/etc/passwd")->let_gone);
  EXPECT_TRUE(serve(__NR_readlinkat, {kHere, kMemory, kMemory, 10}, std::string("/proc/self/exe\0", 15))->let_gone);
}

TEST_F(ServedCallTest, settings_and_size) {
  const auto settings = serve(__NR_ioctl, {1, TCGETS, kMemory}, std::string(36, 0));
  EXPECT_EQ(settings->answered, 0);
  EXPECT_EQ(std::memcmp(settings->memory.data(), &tty().termios(), tty::kTermiosWithoutSpeeds), 0);
  tty().set_size({.rows = 7, .columns = 77});
  const auto size = serve(__NR_ioctl, {960, TIOCGWINSZ, kMemory}, std::string(8, 0));
  EXPECT_EQ(size->answered, 0);
  EXPECT_EQ(size->memory, std::string("\7\0\115\0\0\0\0\0", 8));
}

TEST_F(ServedCallTest, settings_are_changed) {
  tty::Termios wanted = tty::make_raw(tty().termios());
  std::string memory(reinterpret_cast<const char*>(&wanted), tty::kTermiosWithoutSpeeds);
  EXPECT_EQ(serve(__NR_ioctl, {0, TCSETS, kMemory}, memory)->answered, 0);
  EXPECT_FALSE(tty().gives_lines());
}

TEST_F(ServedCallTest, bad_memory) {
  EXPECT_EQ(serve(__NR_ioctl, {0, TCGETS, 8})->answered, -EFAULT);
  EXPECT_EQ(serve(__NR_ioctl, {0, TCSETS, kMemory}, "short")->answered, -EFAULT);
  EXPECT_EQ(serve(__NR_fstat, {0, 0})->answered, -EFAULT);
  const auto forbidden = make(__NR_ioctl, {0, TCGETS, kMemory}, std::string(36, 0));
  forbidden->forbidden = true;
  device_->serve(forbidden);
  EXPECT_TRUE(forbidden->let_gone) << "the kernel says ENOTTY";
}

TEST_F(ServedCallTest, a_terminal_is_no_socket) {
  for (const int number : {__NR_getpeername, __NR_getsockopt, __NR_recvfrom, __NR_sendmsg, __NR_shutdown})
    EXPECT_EQ(serve(number, {0})->answered, -ENOTSOCK) << number;
}

TEST_F(ServedCallTest, it_looks_like_a_character_device) {
  const auto by_descriptor = serve(__NR_fstat, {0, kMemory}, std::string(sizeof(struct stat), 0));
  EXPECT_EQ(by_descriptor->answered, 0);
  struct stat status{}, named{};
  std::memcpy(&status, by_descriptor->memory.data(), sizeof status);
  EXPECT_TRUE(S_ISCHR(status.st_mode));
  EXPECT_EQ(status.st_rdev, ttycall::slave_device(0));
  // ttyname(3) compares the two.
  std::string memory("/dev/pts/0\0", 11);
  memory.resize(16 + sizeof named);
  const auto by_name = serve(__NR_newfstatat, {kHere, kMemory, kMemory + 16, 0}, memory);
  EXPECT_EQ(by_name->answered, 0);
  std::memcpy(&named, by_name->memory.data() + 16, sizeof named);
  EXPECT_EQ(named.st_dev, status.st_dev);
  EXPECT_EQ(named.st_ino, status.st_ino);
  EXPECT_EQ(named.st_rdev, status.st_rdev);
  EXPECT_EQ(named.st_uid, geteuid());
  EXPECT_TRUE(serve(__NR_newfstatat, {kHere, kMemory, kMemory, 0}, std::string("/dev/pts/9\0", 11))->let_gone);
}

TEST_F(ServedCallTest, statx_too) {
  const auto by_descriptor = serve(__NR_statx, {0, 0, AT_EMPTY_PATH, 0x7ff, kMemory}, std::string(256, 0));
  EXPECT_EQ(by_descriptor->answered, 0);
  struct statx status{};
  std::memcpy(&status, by_descriptor->memory.data(), sizeof status);
  EXPECT_TRUE(S_ISCHR(status.stx_mode));
  EXPECT_EQ(status.stx_rdev_major, 136U);
  std::string memory("/dev/tty\0", 9);
  memory.resize(16 + sizeof status);
  const auto by_name = serve(__NR_statx, {kHere, kMemory, 0, 0x7ff, kMemory + 16}, memory);
  EXPECT_EQ(by_name->answered, 0);
  std::memcpy(&status, by_name->memory.data() + 16, sizeof status);
  EXPECT_EQ(status.stx_rdev_major, 5U);
}

TEST_F(ServedCallTest, where_a_descriptor_leads) {
  const std::string own = "/proc/" + std::to_string(getpid()) + "/fd/1";
  for (const std::string& path : {std::string("/proc/self/fd/960"), std::string("/proc/thread-self/fd/0"), own}) {
    std::string memory = path + std::string(1, 0);
    memory.resize(64 + 20);
    const auto call = serve(__NR_readlinkat, {kHere, kMemory, kMemory + 64, 20}, memory);
    EXPECT_EQ(call->answered, 10) << path;
    EXPECT_EQ(call->memory.substr(64, 10), "/dev/pts/0") << path;
  }
  std::string memory("/proc/self/fd/0\0", 16);
  EXPECT_EQ(serve(__NR_readlinkat, {kHere, kMemory, kMemory, 4}, memory)->answered, 4)
      << "as much as there is room for";
  EXPECT_TRUE(serve(__NR_readlinkat, {kHere, kMemory, kMemory, 9}, std::string("/dev/stdin\0", 11))->let_gone);
  EXPECT_TRUE(serve(__NR_readlinkat, {kHere, kMemory, kMemory, 9}, std::string("/proc/1/fd/0\0", 13))->let_gone);
}

TEST_F(ServedCallTest, names_are_opened) {
  const auto slave =
      serve(__NR_openat, {kHere, kMemory, O_RDWR | O_NOCTTY | O_CLOEXEC}, std::string("/dev/pts/0\0", 11));
  EXPECT_EQ(slave->handed_out, slave_);
  EXPECT_EQ(slave->on_exec, OnExec::kClose);
  EXPECT_EQ(serve(__NR_openat, {kHere, kMemory, O_RDWR}, std::string("/proc/self/fd/1\0", 16))->handed_out, slave_);
  EXPECT_EQ(serve(__NR_openat, {kHere, kMemory, O_RDWR}, std::string("/dev/stdin\0", 11))->on_exec, OnExec::kKeep);
  EXPECT_TRUE(serve(__NR_openat, {kHere, kMemory, O_RDWR}, std::string("/dev/pts/9\0", 11))->let_gone);
  EXPECT_TRUE(serve(__NR_openat, {kHere, kMemory, O_RDWR}, std::string("pts/0\0", 6))->let_gone) << "relative";
  EXPECT_TRUE(serve(__NR_openat, {kHere, 0, O_RDWR})->let_gone) << "the kernel says EFAULT";
  const auto how =
      serve(__NR_openat2, {kHere, kMemory + 8, kMemory, 24}, std::string("\2\0\0\0\0\0\0\0/dev/pts/0\0", 19));
  EXPECT_EQ(how->handed_out, slave_);
}

TEST_F(ServedCallTest, dev_tty_is_that_of_the_session) {
  EXPECT_EQ(serve(__NR_openat, {kHere, kMemory, O_WRONLY | O_CREAT}, std::string("/dev/tty\0", 9))->answered, -ENXIO)
      << "and makes no file";
  tty().control().take(getsid(0), getpgrp());
  EXPECT_EQ(serve(__NR_openat, {kHere, kMemory, O_WRONLY | O_CREAT}, std::string("/dev/tty\0", 9))->handed_out, slave_);
  tty().control().release();
}

TEST_F(ServedCallTest, a_name_at_the_end_of_readable_memory) {
  // Without its NUL it is no name.
  EXPECT_TRUE(serve(__NR_openat, {kHere, kMemory, O_RDWR}, "/dev/pts/0")->let_gone);
  EXPECT_TRUE(serve(__NR_openat, {kHere, kMemory, O_RDWR}, "/dev/pts/0" + std::string(200, '0'))->let_gone);
}

TEST_F(ServedCallTest, owner_and_mode) {
  const std::string name("/dev/pts/0\0", 11), other("/etc/passwd\0", 12);
  EXPECT_EQ(serve(__NR_faccessat, {kHere, kMemory, R_OK | W_OK}, name)->answered, 0);
  EXPECT_EQ(serve(__NR_faccessat2, {kHere, kMemory, X_OK}, name)->answered, -EACCES);
  EXPECT_TRUE(serve(__NR_faccessat, {kHere, kMemory, R_OK}, other)->let_gone);
  EXPECT_EQ(serve(__NR_fchmodat, {kHere, kMemory, 0600}, name)->answered, 0);
  EXPECT_EQ(serve(__NR_fchownat, {kHere, kMemory, 1, 1, 0}, name)->answered, 0);
  EXPECT_TRUE(serve(__NR_fchmodat, {kHere, kMemory, 0600}, other)->let_gone);
  EXPECT_EQ(serve(__NR_fchown, {0, 1, 1})->answered, 0);
  EXPECT_TRUE(serve(__NR_fchmod, {5, 0600})->let_gone);
}

TEST_F(ServedCallTest, pairs_inside) {
  const auto master = serve(__NR_openat, {kHere, kMemory, O_RDWR | O_NOCTTY}, std::string("/dev/ptmx\0", 10));
  ASSERT_TRUE(master->handed_out);
}

TEST_F(ServedCallTest, groups_of_another_session_are_not_told) {
  EXPECT_EQ(serve(__NR_ioctl, {0, TIOCGPGRP, kMemory}, std::string(4, 0))->answered, -ENOTTY);
  tty().control().take(getsid(0), getpgrp());
  tty().mirror_control();
  const auto call = serve(__NR_ioctl, {0, TIOCGPGRP, kMemory}, std::string(4, 0));
  EXPECT_EQ(call->answered, 0);
  pid_t group = 0;
  std::memcpy(&group, call->memory.data(), sizeof group);
  EXPECT_EQ(group, getpgrp());
  tty().control().release();
}

TEST_F(ServedCallTest, only_the_own_session_knows_the_probe) {
  EXPECT_TRUE(serve(__NR_ioctl, {~0ULL, ttycall::kProbe, 1234})->let_gone);
}

}  // namespace

}  // namespace farpty::device
