// Requests, as programs send them and as no program should.
#include "device/device.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <filesystem>
#include <random>

#include <gtest/gtest.h>

#include "device/descriptor_message.hpp"
#include "device/process_groups.hpp"
#include "device/test_session.hpp"
#include "ttycall/ioctls.hpp"
#include "ttycall/tty_ioctl.hpp"

namespace farpty::device {

namespace {

namespace io = ttycall::io;
namespace error = ttycall::error;
using ttycall::Operation;

class DeviceTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { run_in_a_session_of_another(); }

  DeviceTest() : device_(*Device::open(context_, "/lib/libfarpty.so")) {
    std::vector<std::string> environment = {"FARPTY_TTY=old", "LD_PRELOAD=/other.so"};
    device_->add_environment(environment);
    preload_ = environment[0];
    const std::string text = environment[1];
    const auto name = text.find("farpty-tty-");
    name_ = text.substr(name, text.find(':', name) - name);
    const std::string token = text.substr(text.find(':', name) + 1, 2 * ttycall::kTokenSize);
    for (unsigned i = 0; i < ttycall::kTokenSize; ++i)
      request_.token[i] = static_cast<std::uint8_t>(std::stoi(token.substr(2 * i, 2), nullptr, 16));
    request_.magic = ttycall::kMagic;
  }

  OwnedFd connected() {
    OwnedFd fd(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    std::memcpy(address.sun_path + 1, name_.data(), name_.size());
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name_.size());
    EXPECT_EQ(connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), length), 0);
    return fd;
  }

  // The answer's result; nothing where the device closes the connection. `closed` is closed after the request was sent.
  std::optional<int> ask(std::size_t size = sizeof(ttycall::Request), OwnedFd closed = {}) {
    const OwnedFd fd = connected();
    EXPECT_GT(send(fd.get(), &request_, size, 0), 0);
    closed.reset();
    context_.restart();
    context_.poll();
    iovec part{.iov_base = &answer_, .iov_len = sizeof answer_};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t count = recvmsg(fd.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (count != sizeof answer_) return std::nullopt;
    received_.reset();
    if (const cmsghdr* const header = CMSG_FIRSTHDR(&message); header != nullptr) {
      int descriptor = -1;
      std::memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
      received_.reset(descriptor);
    }
    return answer_.result;
  }
  // The same by a datagram, from a socket to which the kernel gives a name, or whose name is `own`.
  std::optional<int> ask_by_datagram(std::string_view own = {}, std::size_t size = sizeof(ttycall::Request)) {
    const OwnedFd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    const auto length = [](std::size_t name) { return static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name); };
    own.copy(address.sun_path, own.size());
    EXPECT_EQ(bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), length(own.size())), 0) << own;
    address = {.sun_family = AF_UNIX, .sun_path = {}};
    std::memcpy(address.sun_path + 1, name_.data(), name_.size());
    EXPECT_EQ(connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), length(1 + name_.size())), 0);
    EXPECT_GT(send(fd.get(), &request_, size, 0), 0);
    context_.restart();
    context_.poll();
    if (recv(fd.get(), &answer_, sizeof answer_, MSG_DONTWAIT) != sizeof answer_) return std::nullopt;
    return answer_.result;
  }
  std::optional<int> ask_ioctl(std::uint32_t code, int argument = 0) {
    request_.operation = Operation::kIoctl;
    request_.code = code;
    request_.value = 0;
    std::memcpy(request_.argument, &argument, sizeof argument);
    return ask();
  }

  boost::asio::io_context context_{1};
  std::unique_ptr<Device> device_;
  std::string name_, preload_;
  ttycall::Request request_{};
  ttycall::Answer answer_{};
  OwnedFd received_;  // with the last answer
};

TEST_F(DeviceTest, the_library_comes_before_others) { EXPECT_EQ(preload_, "LD_PRELOAD=/lib/libfarpty.so:/other.so"); }

TEST_F(DeviceTest, a_program_of_this_session_is_answered) {
  request_.operation = Operation::kAttach;
  EXPECT_EQ(ask(), 0);
  EXPECT_EQ(answer_.has_descriptor, 1U);
}

TEST_F(DeviceTest, strangers_are_not) {
  request_.operation = Operation::kAttach;
  request_.token[3] ^= 1;
  EXPECT_EQ(ask(), std::nullopt);
  request_.token[3] ^= 1;
  EXPECT_EQ(ask(10), std::nullopt);
  request_.magic = 1;
  EXPECT_EQ(ask(), std::nullopt);
}

TEST_F(DeviceTest, what_is_answered_at_once_comes_by_a_datagram) {
  request_.operation = Operation::kIoctl;
  request_.code = io::kTcflsh;
  EXPECT_EQ(ask_by_datagram(), 0);
  request_.value = 3;
  EXPECT_EQ(ask_by_datagram(), -error::kInval);
  request_.code = io::kTiocspgrp;
  device_->terminal().control().take(getsid(0), getpgrp());
  std::memcpy(request_.argument, "\1\0\0", 4);
  EXPECT_EQ(ask_by_datagram(), -error::kPerm) << "who asks is known";
  device_->terminal().control().release();
}

TEST_F(DeviceTest, other_datagrams_are_dropped) {
  request_.operation = Operation::kIoctl;
  request_.code = io::kTcflsh;
  EXPECT_EQ(ask_by_datagram({}, sizeof request_ - 1), std::nullopt);
  request_.token[3] ^= 1;
  EXPECT_EQ(ask_by_datagram(), std::nullopt);
  request_.token[3] ^= 1;
  request_.magic = 1;
  EXPECT_EQ(ask_by_datagram(), std::nullopt);
  request_.magic = ttycall::kMagic;
  EXPECT_EQ(ask_by_datagram(), 0);

  // What would have to be kept, or answered with a descriptor.
  request_.code = io::kTcsetsw;
  EXPECT_EQ(ask_by_datagram(), std::nullopt);
  request_.code = io::kTiocgptpeer;
  EXPECT_EQ(ask_by_datagram(), std::nullopt);
  for (const Operation operation :
       {Operation::kAttach, Operation::kOpenTty, Operation::kOpenSlave, Operation::kOpenMaster, Operation::kListen,
        Operation::kAwaitOutput, Operation::kTakeInput}) {
    request_.operation = operation;
    EXPECT_EQ(ask_by_datagram(), std::nullopt) << static_cast<int>(operation);
  }
}

// A path might be somebody else's socket by the time of the answer, where we may write and the asker may not.
TEST_F(DeviceTest, an_answer_goes_to_no_name_of_the_askers_choice) {
  request_.operation = Operation::kIoctl;
  request_.code = io::kTcflsh;
  const std::string path = testing::TempDir() + "farpty-asker-" + std::to_string(getpid());
  EXPECT_EQ(ask_by_datagram(path), std::nullopt);
  std::filesystem::remove(path);
  using namespace std::literals;
  EXPECT_EQ(ask_by_datagram("\0farpty-asker"sv), std::nullopt);
}

TEST_F(DeviceTest, a_datagram_brings_no_descriptor) {
  request_.operation = Operation::kOrphaned;
  const OwnedFd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  int pipe[2];
  ASSERT_EQ(pipe2(pipe, O_CLOEXEC | O_NONBLOCK), 0);
  const OwnedFd out(pipe[0]);
  OwnedFd in(pipe[1]);
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  std::memcpy(address.sun_path + 1, name_.data(), name_.size());
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name_.size());
  ASSERT_EQ(connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), length), 0);
  ASSERT_GT(DescriptorMessage(&request_, sizeof request_, in.get()).send(fd.get()), 0);
  in.reset();
  context_.restart();
  context_.poll();
  std::byte one;
  EXPECT_EQ(read(out.get(), &one, 1), 0) << "the device has it";
}

// The connection comes before the request: whenever that comes, and however many are silent.
TEST_F(DeviceTest, a_request_may_come_long_after_its_connection) {
  request_.operation = Operation::kOrphaned;
  const auto rounds = [&](int count) {
    context_.restart();
    for (int i = 0; i < count; ++i) context_.poll_one();
  };
  for (const int before : {0, 1, 2, 3, 10}) {
    const OwnedFd silent = connected(), fd = connected();
    rounds(before);
    ASSERT_GT(send(fd.get(), &request_, sizeof request_, 0), 0);
    context_.restart();
    context_.poll();
    EXPECT_EQ(recv(fd.get(), &answer_, sizeof answer_, MSG_DONTWAIT), sizeof answer_) << before << " rounds later";
    EXPECT_EQ(recv(silent.get(), &answer_, sizeof answer_, MSG_DONTWAIT), -1);
  }
}

// However many descriptors come along: none is kept that nobody asked for.
TEST_F(DeviceTest, descriptors_that_come_along_are_closed) {
  const auto open_descriptors = [] {
    std::filesystem::directory_iterator all("/proc/self/fd");
    return std::distance(begin(all), end(all));
  };
  request_.operation = Operation::kOrphaned;
  const auto before = open_descriptors();
  for (std::size_t count = 1; count <= 3; ++count) {
    const OwnedFd fd = connected();
    iovec part{.iov_base = &request_, .iov_len = sizeof request_};
    alignas(cmsghdr) char control[CMSG_SPACE(3 * sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(count * sizeof(int));
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(count * sizeof(int));  // of standard input, output and error
    for (int i = 0; i < static_cast<int>(count); ++i)
      std::memcpy(CMSG_DATA(header) + static_cast<std::size_t>(i) * sizeof(int), &i, sizeof(int));
    ASSERT_GT(sendmsg(fd.get(), &message, 0), 0);
    context_.restart();
    context_.poll();
    EXPECT_EQ(recv(fd.get(), &answer_, sizeof answer_, MSG_DONTWAIT), sizeof answer_);
  }
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(DeviceTest, unknown_operations_and_terminals) {
  request_.operation = static_cast<Operation>(99);
  EXPECT_EQ(ask(), -error::kInval);
  request_.number = 77;
  EXPECT_EQ(ask_ioctl(io::kTcflsh), -error::kIo);
  request_.operation = Operation::kOpenSlave;
  EXPECT_EQ(ask(), -error::kNodev);
}

// This process is in another session than the terminal, so it may not say what is in its foreground; and a group is checked
// before each signal, so that a wrong one reaches nobody.
TEST_F(DeviceTest, the_foreground_group_belongs_to_the_session) {
  EXPECT_EQ(ask_ioctl(io::kTiocspgrp, 1), -error::kNotty);
  Control& control = device_->terminal().control();
  control.take(getsid(0), getpgrp());
  EXPECT_EQ(ask_ioctl(io::kTiocspgrp, 1), -error::kPerm);
  EXPECT_EQ(ask_ioctl(io::kTiocspgrp, -1), -error::kInval);
  EXPECT_EQ(ask_ioctl(io::kTiocspgrp, getpgrp()), 0);
  control.release();
}

TEST_F(DeviceTest, signals_reach_only_groups_of_the_session) {
  EXPECT_FALSE(signal_group(1, 1, SIGCONT));
  EXPECT_FALSE(signal_group(0, getsid(0), SIGCONT));
  EXPECT_FALSE(signal_group(-1, getsid(0), SIGCONT));
  EXPECT_FALSE(signal_group(getpgrp(), getsid(0) + 1, SIGCONT));
  EXPECT_TRUE(signal_group(getpgrp(), getsid(0), SIGCONT));
}

// A hostile program of the session: whatever it asks for, it gets an answer, and nobody gets a signal.
TEST_F(DeviceTest, any_request_is_answered) {
  constexpr std::uint32_t kCodes[] = {io::kTcsets,      io::kTcsetsw,   io::kTcsetsf,  io::kTcsets2,    io::kTcseta,
                                      io::kTcsbrk,      io::kTcxonc,    io::kTcflsh,   io::kTiocspgrp,  io::kTiocswinsz,
                                      io::kTiocsti,     io::kTiocnotty, io::kTiocsetd, io::kTiocsptlck, io::kTiocpkt,
                                      io::kTiocgptpeer, io::kTiocsig,   io::kTiocsctty};
  const auto seed = std::random_device()();
  std::mt19937 random(seed);
  SCOPED_TRACE(seed);
  for (int i = 0; i < 500; ++i) {
    for (std::uint8_t& byte : request_.argument) byte = static_cast<std::uint8_t>(random());
    request_.operation = static_cast<Operation>(random() % 8);
    request_.number = static_cast<std::int32_t>(random() % 4);
    request_.code = random() % 8 == 0 ? static_cast<std::uint32_t>(random()) : kCodes[random() % std::size(kCodes)];
    request_.flags = static_cast<std::uint32_t>(random() % 3);
    request_.value = random() % 4 == 0 ? random() : random() % 4;
    const auto result = ask();
    // Draining waits where output is stopped (TCXONC).
    if (!result) ASSERT_TRUE(device_->terminal().output_is_stopped()) << "request " << i;
  }
}

TEST_F(DeviceTest, pairs_inside) {
  const auto open_slave = [&] {
    request_.operation = Operation::kOpenSlave;
    request_.value = O_NOCTTY;
    request_.flags = 0;
    return ask();
  };
  request_.operation = Operation::kOpenMaster;
  EXPECT_EQ(ask(), 0);
  OwnedFd master = std::move(received_);
  request_.number = 1;
  EXPECT_EQ(open_slave(), -error::kIo) << "locked";
  request_.flags = ttycall::kToMaster;
  EXPECT_EQ(ask_ioctl(io::kTiocsptlck, 0), 0);
  EXPECT_EQ(open_slave(), 0);
  OwnedFd slave = std::move(received_);
  char byte = 0;
  EXPECT_LT(recv(master.get(), &byte, 1, MSG_DONTWAIT), 0);
  slave.reset();
  context_.restart();
  context_.poll();
  EXPECT_EQ(recv(master.get(), &byte, 1, MSG_DONTWAIT), 1) << "the mark of the last close";
  EXPECT_EQ(open_slave(), 0) << "opened again";
  EXPECT_EQ(ask(sizeof request_, std::move(received_)), 0) << "and again, though the device has not heard of the close";
  received_.reset();
  master.reset();
  context_.restart();
  context_.poll();
  EXPECT_EQ(open_slave(), -error::kNodev) << "its maker has closed it";
}

}  // namespace

}  // namespace farpty::device
