// For tests of stopped calls: a device, and calls of a program whose memory and descriptors are said.
#pragma once

#include <asm/unistd.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "device/device.hpp"
#include "device/fake_call.hpp"
#include "device/test_session.hpp"

namespace farpty::device {

inline constexpr std::uint64_t kMemory = FakeCall::kMemory;
inline constexpr auto kHere = static_cast<std::uint64_t>(AT_FDCWD);

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

  // ICANON and EXTPROC; VMIN and VTIME are no rule of theirs.
  void set_edited_by_master() {
    tty::Termios settings = tty().termios();
    settings.lflag |= tty::lflag::kExtproc;
    settings.cc[tty::kVmin] = 0;
    settings.cc[tty::kVtime] = 0;
    tty().set_termios(settings);
  }
  // A pair that a program made: the master's end is 7 of the calls made by on_pair(), the slave's 8.
  void make_pair() {
    const auto opened = serve(__NR_openat, {kHere, kMemory, O_RDWR | O_NOCTTY}, std::string("/dev/ptmx\0", 10));
    master_ = std::move(opened->given);
    struct stat status{};
    fstat(master_.get(), &status);
    master_identity_ = {.device = status.st_dev, .inode = status.st_ino};
    serve_on_master(__NR_ioctl, {7, TIOCSPTLCK, kMemory}, std::string(4, 0));
    pair_slave_ = std::move(serve_on_master(__NR_ioctl, {7, TIOCGPTPEER, O_RDWR | O_NOCTTY})->given);
    ASSERT_TRUE(pair_slave_);
  }
  std::shared_ptr<FakeCall> serve_on_master(int number, const StoppedCall::Arguments& arguments,
                                            std::string memory = {}) {
    auto call = make(number, arguments, std::move(memory));
    call->files[7] = master_identity_;
    call->descriptors[7] = master_.get();
    device_->serve(call);
    return call;
  }
  void set_packet_mode() {
    EXPECT_EQ(serve_on_master(__NR_ioctl, {7, TIOCPKT, kMemory}, std::string("\1\0\0\0", 4))->answered, 0);
  }

  boost::asio::io_context context_{1};
  std::unique_ptr<Device> device_;
  FileIdentity slave_;
  OwnedFd master_, pair_slave_;
  FileIdentity master_identity_;
};

}  // namespace farpty::device
