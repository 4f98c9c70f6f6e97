// What each stopped call means, without a kernel that stops any: calls of a program whose memory and descriptors are said.
#include "device/served_call.hpp"

#include <asm/unistd.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include <gtest/gtest.h>

#include "device/fake_call.hpp"
#include "device/test_session.hpp"
#include "ttycall/ioctls.hpp"

namespace farpty::device {

namespace {

constexpr std::uint64_t kMemory = FakeCall::kMemory;
constexpr auto kHere = static_cast<std::uint64_t>(AT_FDCWD);

class ServedCallTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { run_in_a_session_of_another(); }

  ServedCallTest() : device_(*Device::open(context_, "/lib/libfarpty.so")) {
    struct stat status{};
    fstat(tty().slave(), &status);
    slave_ = {.device = status.st_dev, .inode = status.st_ino};
  }

  [[nodiscard]] Tty& tty() { return device_->terminal(); }
  void type(std::string_view text) { ASSERT_EQ(tty().type(as_bytes(text)), text.size()); }
  void run() {
    context_.restart();
    context_.poll();
  }
  // A call of a program that has the terminal as 0, 1, 2 and 960, and something else as 5.
  std::shared_ptr<FakeCall> make(int number, const StoppedCall::Arguments& arguments, std::string memory = {}) {
    auto call = std::make_shared<FakeCall>(number, arguments, std::move(memory));
    for (const int fd : {0, 1, 2, 960}) call->files[fd] = slave_;
    call->files[5] = {.device = 1, .inode = 1};
    return call;
  }
  std::shared_ptr<FakeCall> serve(int number, const StoppedCall::Arguments& arguments, std::string memory = {}) {
    auto call = make(number, arguments, std::move(memory));
    device_->serve(call);
    return call;
  }
  std::shared_ptr<FakeCall> read(std::size_t size = 100) { return serve(__NR_read, {0, kMemory, size}); }
  void set_raw(std::uint8_t minimum, std::uint8_t time) {
    tty::Termios raw = tty::make_raw(tty().termios());
    raw.cc[tty::kVmin] = minimum;
    raw.cc[tty::kVtime] = time;
    tty().set_termios(raw);
  }

  boost::asio::io_context context_{1};
  std::unique_ptr<Device> device_;
  FileIdentity slave_;
};

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

TEST_F(ServedCallTest, a_line_is_let_go_when_it_is_there) {
  const auto waiting = read();
  type("li");
  run();
  EXPECT_FALSE(waiting->has_word());
  type("ne\r");
  run();
  EXPECT_TRUE(waiting->let_gone) << "the kernel reads it";
  EXPECT_TRUE(read()->let_gone);
}

TEST_F(ServedCallTest, an_end_of_file_is_taken_and_answered) {
  const auto waiting = read();
  type("\x04");
  run();
  EXPECT_EQ(waiting->answered, 0);
  run();
  type("\x04");
  run();
  EXPECT_EQ(tty().sent_input(), 1U);
  EXPECT_EQ(tty().unread_by_programs(), 0U) << "FIONREAD does not count it";
  EXPECT_EQ(read()->answered, 0) << "one for each";
  EXPECT_FALSE(read()->has_word());
  type("x\r");
  run();
  EXPECT_EQ(tty().unread_by_programs(), 2U);
}

TEST_F(ServedCallTest, a_read_of_nothing_is_the_kernels) { EXPECT_TRUE(read(0)->let_gone); }

TEST_F(ServedCallTest, bytes_are_let_go_one_by_one) {
  set_raw(1, 0);
  const auto waiting = read();
  EXPECT_FALSE(waiting->has_word());
  type("x");
  run();
  EXPECT_TRUE(waiting->let_gone);
}

TEST_F(ServedCallTest, a_minimum_of_bytes) {
  set_raw(3, 0);
  const auto waiting = read();
  type("ab");
  run();
  EXPECT_FALSE(waiting->has_word());
  type("c");
  run();
  EXPECT_TRUE(waiting->let_gone);
  EXPECT_TRUE(read(2)->let_gone) << "what is asked for is enough";
}

TEST_F(ServedCallTest, no_minimum_and_no_time) {
  set_raw(0, 0);
  EXPECT_EQ(read()->answered, 0);
}

TEST_F(ServedCallTest, time_without_bytes_and_between_them) {
  set_raw(0, 1);
  const auto nothing = read();
  EXPECT_FALSE(nothing->has_word());
  context_.restart();
  context_.run_one();
  EXPECT_EQ(nothing->answered, 0);
  set_raw(5, 1);
  run();
  const auto some = read();
  type("ab");
  run();
  EXPECT_FALSE(some->has_word());
  while (!some->has_word()) {
    context_.restart();
    context_.run_one();
  }
  EXPECT_TRUE(some->let_gone) << "two bytes, and then nothing for a tenth of a second";
}

TEST_F(ServedCallTest, nonblocking_is_the_programs_own) {
  EXPECT_EQ(serve(__NR_fcntl, {0, F_SETFL, O_NONBLOCK})->answered, 0);
  EXPECT_EQ(fcntl(tty().slave(), F_GETFL) & O_NONBLOCK, 0) << "the socket's flags are everybody's";
  EXPECT_EQ(serve(__NR_fcntl, {0, F_GETFL})->answered, O_RDWR | O_NONBLOCK);
  EXPECT_EQ(serve(__NR_fcntl, {1, F_GETFL})->answered, O_RDWR);
  EXPECT_EQ(read()->answered, -EAGAIN);
  int off = 0;
  EXPECT_EQ(serve(__NR_ioctl, {0, FIONBIO, kMemory}, std::string(reinterpret_cast<char*>(&off), sizeof off))->answered,
            0);
  EXPECT_FALSE(read()->has_word());
}

TEST_F(ServedCallTest, writes_are_the_kernels_unless_they_must_not_wait) {
  EXPECT_TRUE(serve(__NR_write, {1, kMemory, 3}, "abc")->let_gone);
  serve(__NR_fcntl, {1, F_SETFL, O_NONBLOCK});
  EXPECT_EQ(serve(__NR_write, {1, kMemory, 3}, "abc")->answered, 3);
  const std::string much(16 * 1024, 'x');
  std::shared_ptr<FakeCall> last;
  do last = serve(__NR_write, {1, kMemory, much.size()}, much);
  while (last->answered > 0);
  EXPECT_EQ(last->answered, -EAGAIN);
}

TEST_F(ServedCallTest, parts) {
  serve(__NR_fcntl, {1, F_SETFL, O_NONBLOCK});
  std::array<iovec, 2> parts{};
  parts[1] = {.iov_base = reinterpret_cast<void*>(kMemory + sizeof parts), .iov_len = 3};
  const std::string memory = std::string(reinterpret_cast<const char*>(parts.data()), sizeof parts) + "abc";
  EXPECT_EQ(serve(__NR_writev, {1, kMemory, 2}, memory)->answered, 3);
  EXPECT_EQ(serve(__NR_writev, {1, kMemory, 2}, "short")->answered, -EFAULT);
}

TEST_F(ServedCallTest, a_hang_up) {
  const auto waiting = read();
  tty().hangup();
  run();
  EXPECT_EQ(waiting->answered, 0);
  EXPECT_EQ(read()->answered, 0);
  EXPECT_EQ(serve(__NR_write, {1, kMemory, 3}, "abc")->answered, -EIO);
  EXPECT_EQ(serve(__NR_ioctl, {0, TCGETS, kMemory}, std::string(36, 0))->answered, -EIO);
}

TEST_F(ServedCallTest, the_end_of_the_device_leaves_nobody_waiting) {
  const auto waiting = read();
  device_.reset();
  EXPECT_EQ(waiting->answered, 0);
}

TEST_F(ServedCallTest, who_has_gone_is_told_nothing) {
  const auto waiting = read();
  waiting->gone = true;
  type("x\r");
  run();
  EXPECT_FALSE(waiting->has_word());
  EXPECT_TRUE(read()->let_gone) << "the line is still there";
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
