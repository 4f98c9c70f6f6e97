// Reads and writes of programs without the shim: which the kernel does, which wait, and what is answered in its place.
#include <asm/unistd.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <string>

#include <gtest/gtest.h>

#include "device/served_call_fixture.hpp"

namespace farpty::device {

namespace {

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

// A deviation (docs/line-discipline.md): the shim would ask for the rest.
TEST_F(ServedCallTest, the_kernel_reads_what_lies_in_the_socket_of_many_small_pieces) {
  set_raw(1, 0);
  for (int i = 0; i < 100; ++i) type("x");
  run();
  EXPECT_EQ(tty().unread_by_programs(), 100U);
  EXPECT_LT(tty().sent_input(), 100U);
  EXPECT_TRUE(read()->let_gone);
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

TEST_F(ServedCallTest, writers_wait_while_output_is_stopped) {
  tty().control_flow(tty::FlowAction::kOutputOff);
  EXPECT_TRUE(serve(__NR_writev, {1, kMemory, 0})->let_gone) << "nothing to write";
  const auto waiting = serve(__NR_write, {1, kMemory, 3}, "abc");
  run();
  EXPECT_FALSE(waiting->has_word());
  tty().control_flow(tty::FlowAction::kOutputOn);
  run();
  EXPECT_TRUE(waiting->let_gone);
  EXPECT_TRUE(serve(__NR_write, {1, kMemory, 3}, "abc")->let_gone);
}

TEST_F(ServedCallTest, keys_stop_and_start_writers) {
  type("\x13");
  const auto waiting = serve(__NR_write, {1, kMemory, 3}, "abc");
  run();
  EXPECT_FALSE(waiting->has_word());
  type("\x11");
  run();
  EXPECT_TRUE(waiting->let_gone);
}

TEST_F(ServedCallTest, a_hang_up_ends_the_wait_of_a_writer) {
  type("\x13");
  const auto waiting = serve(__NR_write, {1, kMemory, 3}, "abc");
  tty().hangup();
  run();
  EXPECT_EQ(waiting->answered, -EIO);
}

TEST_F(ServedCallTest, a_writer_that_must_not_wait_is_told_that_output_is_stopped) {
  serve(__NR_fcntl, {1, F_SETFL, O_NONBLOCK});
  type("\x13");
  EXPECT_EQ(serve(__NR_write, {1, kMemory, 3}, "abc")->answered, -EAGAIN);
  type("\x11");
  EXPECT_EQ(serve(__NR_write, {1, kMemory, 3}, "abc")->answered, 3);
}

TEST_F(ServedCallTest, a_write_of_nothing_shows_what_was_echoed_meanwhile) {
  tty().control_flow(tty::FlowAction::kOutputOff);
  type("ab");
  tty().control_flow(tty::FlowAction::kOutputOn);
  std::array<std::byte, 10> shown;
  EXPECT_EQ(tty().read_output(shown), 0U);
  EXPECT_EQ(serve(__NR_write, {1, kMemory, 0})->answered, 0);
  EXPECT_EQ(tty().read_output(shown), 2U);
}

TEST_F(ServedCallTest, where_the_master_edits_lines_a_single_end_of_file_character_is_one) {
  set_edited_by_master();
  const auto waiting = read();
  EXPECT_FALSE(waiting->has_word()) << "VMIN and VTIME mean nothing there";
  type("\x04");
  run();
  EXPECT_EQ(waiting->answered, 0);
  EXPECT_EQ(tty().unread_by_programs(), 0U);
  type("a\x04");
  run();
  EXPECT_TRUE(read()->let_gone) << "not a single one";
  EXPECT_EQ(tty().unread_by_programs(), 2U);
}

TEST_F(ServedCallTest, an_end_of_file_character_behind_full_pieces_ends_a_read) {
  set_edited_by_master();
  type(std::string(64, 'a') + "\x04");
  run();
  EXPECT_TRUE(read(64)->let_gone) << "it stays for the next read";
  const auto whole = serve(__NR_read, {0, kMemory, 100}, std::string(100, 0));
  EXPECT_EQ(whole->answered, 64);
  EXPECT_EQ(whole->memory.substr(0, 65), std::string(64, 'a') + std::string(1, 0));
  EXPECT_EQ(tty().unread_by_programs(), 0U);
}

TEST_F(ServedCallTest, that_end_of_file_in_parts) {
  set_edited_by_master();
  type(std::string(64, 'a') + "\x04");
  run();
  std::array<iovec, 2> parts{};
  for (std::size_t i = 0; i < parts.size(); ++i)
    parts[i] = {.iov_base = reinterpret_cast<void*>(kMemory + sizeof parts + 40 * i), .iov_len = 40};
  const std::string memory =
      std::string(reinterpret_cast<const char*>(parts.data()), sizeof parts) + std::string(80, 0);
  const auto call = serve(__NR_readv, {0, kMemory, 2}, memory);
  EXPECT_EQ(call->answered, 64);
  EXPECT_EQ(call->memory.substr(sizeof parts, 65), std::string(64, 'a') + std::string(1, 0));
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

TEST_F(ServedCallTest, a_master_that_must_not_wait_has_what_was_written_so_far) {
  make_pair();
  EXPECT_EQ(serve_on_master(__NR_fcntl, {7, F_SETFL, O_NONBLOCK})->answered, 0);
  EXPECT_EQ(serve_on_master(__NR_read, {7, kMemory, 100})->answered, -EAGAIN);
  ASSERT_EQ(write(pair_slave_.get(), "ab\n", 3), 3);  // and no round of the event loop
  const auto unread = serve_on_master(__NR_ioctl, {7, FIONREAD, kMemory}, std::string(4, 0));
  EXPECT_EQ(unread->answered, 0);
  EXPECT_EQ(unread->memory, std::string("\4\0\0\0", 4));
  ASSERT_EQ(write(pair_slave_.get(), "c", 1), 1);
  EXPECT_TRUE(serve_on_master(__NR_read, {7, kMemory, 100})->let_gone);
}

TEST_F(ServedCallTest, packets) {
  make_pair();
  set_packet_mode();
  const auto waiting = serve_on_master(__NR_read, {7, kMemory, 100}, std::string(100, 'x'));
  EXPECT_FALSE(waiting->has_word());
  ASSERT_EQ(write(pair_slave_.get(), "abc", 3), 3);
  run();
  EXPECT_EQ(waiting->answered, 4);
  EXPECT_EQ(waiting->memory.substr(0, 5), std::string("\0abcx", 5)) << "TIOCPKT_DATA, and the data";
  ASSERT_EQ(write(pair_slave_.get(), "de", 2), 2);
  const auto some = serve_on_master(__NR_read, {7, kMemory, 2}, "xxx");
  EXPECT_EQ(some->answered, 2);
  EXPECT_EQ(some->memory, std::string("\0dx", 3));
  const auto head = serve_on_master(__NR_read, {7, kMemory, 1}, "xx");
  EXPECT_EQ(head->answered, 1) << "no room for data";
  EXPECT_EQ(head->memory, std::string("\0x", 2));
}

TEST_F(ServedCallTest, a_status_of_packet_mode_in_parts) {
  make_pair();
  set_packet_mode();
  EXPECT_EQ(serve_on_master(__NR_ioctl, {7, TCFLSH, TCIOFLUSH})->answered, 0);
  const auto flushed = make(__NR_ioctl, {8, TCFLSH, TCIOFLUSH});
  struct stat status{};
  fstat(pair_slave_.get(), &status);
  flushed->files[8] = {.device = status.st_dev, .inode = status.st_ino};
  flushed->descriptors[8] = pair_slave_.get();
  device_->serve(flushed);
  EXPECT_EQ(flushed->answered, 0);
  const iovec part{.iov_base = reinterpret_cast<void*>(kMemory + sizeof part), .iov_len = 10};
  const auto call = serve_on_master(__NR_readv, {7, kMemory, 1},
                                    std::string(reinterpret_cast<const char*>(&part), sizeof part) + "xx");
  EXPECT_EQ(call->answered, 1);
  EXPECT_EQ(call->memory.substr(sizeof part), std::string("\3x", 2)) << "TIOCPKT_FLUSHREAD and TIOCPKT_FLUSHWRITE";
}

// A deviation (docs/line-discipline.md): the kernel's write would wait, or say EAGAIN.
TEST_F(ServedCallTest, what_a_stopped_master_writes_is_typed_when_it_goes_on) {
  make_pair();
  EXPECT_EQ(serve_on_master(__NR_ioctl, {7, TCXONC, TCOOFF})->answered, 0);
  ASSERT_EQ(::write(master_.get(), "line\r", 5), 5);
  run();
  int waiting = 0;
  ASSERT_EQ(ioctl(pair_slave_.get(), FIONREAD, &waiting), 0);
  EXPECT_EQ(waiting, 0);
  EXPECT_EQ(serve_on_master(__NR_ioctl, {7, TCXONC, TCOON})->answered, 0);
  run();
  ASSERT_EQ(ioctl(pair_slave_.get(), FIONREAD, &waiting), 0);
  EXPECT_EQ(waiting, 5);
}

}  // namespace

}  // namespace farpty::device
