// The programs' end is read here as a program without the shim reads it: straight from the socket.
#include "device/tty.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "device/tty_fixture.hpp"

namespace farpty::device {

namespace {

TEST_F(TtyTest, one_line_at_a_time) {
  type("one\rtwo\rpart");
  EXPECT_EQ(tty_->slot().kept, 4U);
  EXPECT_EQ(read_slave(2), "on");
  EXPECT_EQ(read_slave(), "e\n");
  EXPECT_EQ(read_slave(), "two\n");
  EXPECT_EQ(read_slave(), "(nothing)");
  EXPECT_EQ(output(), "one\r\ntwo\r\npart");
}

// pty.c: pty_flush_buffer drops what is on its way to the master, not what the master's own queue of 4095 bytes has taken.
TEST_F(TtyTest, an_interrupt_leaves_what_the_master_was_given) {
  write_slave("just written");
  type("\x03");
  EXPECT_EQ(output(), "just written^C");
  const std::string flood(20000, 'y');
  write_slave(flood);
  type("\x03");
  EXPECT_EQ(output(), flood.substr(0, 4095) + "^C");
}

const ttycall::Slot* watched_slot;
volatile sig_atomic_t kept_when_signalled;

// n_tty.c: isig signals and flushes under termios_rwsem: whom the signal wakes finds the queue empty. In a process that leads
// a session of its own, so that the signal comes to nobody else, and during kill(2).
TEST_F(TtyTest, who_is_interrupted_finds_the_input_flushed) {
  const pid_t child = fork();
  if (child == 0) {
    setsid();
    tty_->control().take(getpid(), getpid());
    type("one\rtwo\r");
    watched_slot = &tty_->slot();
    kept_when_signalled = -1;
    signal(SIGINT, [](int) { kept_when_signalled = static_cast<sig_atomic_t>(watched_slot->kept); });
    type("\x03");
    _exit(kept_when_signalled == 0 ? 0 : kept_when_signalled == -1 ? 99 : kept_when_signalled);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0) << "bytes that were still counted; 99: no signal";
}

TEST_F(TtyTest, end_of_file_is_a_byte_and_a_flag) {
  type("\x04");
  EXPECT_TRUE(attention(ttycall::attention::kEndOfFile));
  type("x\r");
  EXPECT_EQ(read_slave(), "\x04");
  EXPECT_EQ(read_slave(), "x\n");
  EXPECT_FALSE(attention(ttycall::attention::kEndOfFile));
}

TEST_F(TtyTest, an_unread_end_of_file_is_a_nul_when_lines_are_no_longer_read) {
  type("\x04");
  tty_->set_termios(tty::make_raw(tty_->termios()));
  EXPECT_FALSE(attention(ttycall::attention::kEndOfFile));
  EXPECT_EQ(read_slave(), std::string(1, '\0'));
}

TEST_F(TtyTest, raw_bytes_are_streamed) {
  tty_->set_termios(tty::make_raw(tty_->termios()));
  type("a");
  type("\x04\x03");
  EXPECT_EQ(read_slave(), "a\x04\x03");
  EXPECT_EQ(output(), "");
}

// n_tty.c: N_TTY_BUF_SIZE: what programs have not read takes room, also where it lies in the socket.
TEST_F(TtyTest, the_queue_holds_4095_raw_bytes) {
  tty_->set_termios(tty::make_raw(tty_->termios()));
  const std::string much(5000, 'a');
  EXPECT_EQ(tty_->type(as_bytes(much)), 4095U);
  EXPECT_EQ(tty_->type(as_bytes(much)), 0U);
  EXPECT_EQ(read_slave(100), much.substr(0, 100));
  EXPECT_EQ(tty_->type(as_bytes(much)), 100U);
}

// n_tty.c: n_tty_receive_room: an overlong line is dropped only while no complete line waits.
TEST_F(TtyTest, nothing_is_dropped_behind_a_line_that_waits) {
  type("line\r");
  const std::string much(5000, 'a');
  EXPECT_EQ(tty_->type(as_bytes(much)), 4090U);
  EXPECT_EQ(read_slave(), "line\n");
  EXPECT_EQ(tty_->type(as_bytes(much)), 5000U) << "now it is too long";
}

TEST_F(TtyTest, who_was_refused_is_told_of_room) {
  tty_->set_termios(tty::make_raw(tty_->termios()));
  bool told = false;
  tty_->on_input_room = [&] { told = true; };
  EXPECT_LT(tty_->type(as_bytes(std::string(5000, 'a'))), 5000U);
  run();
  EXPECT_FALSE(told);
  EXPECT_EQ(read_slave(8192).size(), 4095U);
  run();
  EXPECT_TRUE(told);
}

// A socket tells its writer of nothing before a whole piece was read.
TEST_F(TtyTest, room_by_a_part_of_what_was_sent_is_found_when_somebody_asks) {
  tty_->set_termios(tty::make_raw(tty_->termios()));
  EXPECT_LT(tty_->type(as_bytes(std::string(5000, 'a'))), 5000U);
  EXPECT_FALSE(tty_->take_input_room());
  EXPECT_EQ(read_slave(1), "a");
  EXPECT_TRUE(tty_->take_input_room());
  EXPECT_FALSE(tty_->take_input_room());
}

// n_tty.c: n_tty_lookahead_flow_ctrl
TEST_F(TtyTest, a_key_behind_bytes_without_room_acts_once) {
  tty::Termios settings = tty_->termios();
  settings.lflag &= ~(tty::lflag::kIcanon | tty::lflag::kEcho);
  tty_->set_termios(settings);
  const std::string much = std::string(5000, 'a') + "\x13";
  const std::size_t taken = tty_->type(as_bytes(much));
  EXPECT_LT(taken, 5000U);
  EXPECT_TRUE(tty_->output_is_stopped());
  tty_->control_flow(tty::FlowAction::kOutputOn);
  tty_->control_flow(tty::FlowAction::kOutputOff);
  tty_->control_flow(tty::FlowAction::kOutputOn);
  EXPECT_EQ(tty_->type(as_bytes(much).subspan(taken)), 0U);
  EXPECT_FALSE(tty_->output_is_stopped());
}

TEST_F(TtyTest, what_was_typed_becomes_readable_when_lines_are_no_longer_read) {
  type("part");
  EXPECT_EQ(read_slave(), "(nothing)");
  tty_->set_termios(tty::make_raw(tty_->termios()));
  EXPECT_EQ(read_slave(), "part");
}

TEST_F(TtyTest, output_keeps_the_settings_under_which_it_was_written) {
  write_slave("a\n");
  tty_->set_termios(tty::make_raw(tty_->termios()));
  write_slave("b\n");
  EXPECT_EQ(output(), "a\r\nb\n");
}

TEST_F(TtyTest, output_comes_before_the_echo_of_what_is_typed_after_it) {
  write_slave("$ ");
  type("x");
  EXPECT_EQ(output(), "$ x");
}

TEST_F(TtyTest, a_full_output_queue_pushes_back) {
  const std::string much(1 << 20, 'x');
  std::size_t sent = 0;
  for (ssize_t count = 0; count >= 0;) {
    sent += static_cast<std::size_t>(count);
    run();
    count = send(tty_->slave(), much.data(), much.size(), MSG_DONTWAIT);
  }
  EXPECT_LT(sent, much.size());
  std::size_t got = 0;
  for (std::string some = output(); !some.empty(); some = output()) got += some.size();
  EXPECT_EQ(got, sent);
}

TEST_F(TtyTest, interrupt_drops_output_that_waits) {
  write_slave("never seen");
  type("\x13");  // stop
  write_slave("nor this");
  type("\x03");
  EXPECT_EQ(output().find("nor"), std::string::npos);
}

TEST_F(TtyTest, so_is_the_end_of_file_behind_a_line_of_which_something_is_unread) {
  const auto raw = [&] {
    tty::Termios settings = tty_->termios();
    settings.lflag &= ~tty::lflag::kIcanon;
    tty_->set_termios(settings);
  };
  const auto lines = [&] {
    tty::Termios settings = tty_->termios();
    settings.lflag |= tty::lflag::kIcanon;
    tty_->set_termios(settings);
  };
  type("ab\x04");
  EXPECT_EQ(read_slave(1), "a");
  raw();
  EXPECT_EQ(read_slave(), std::string("b\0", 2));
  lines();
  type("cd\x04");
  EXPECT_EQ(read_slave(), "cd");
  raw();
  EXPECT_EQ(read_slave(), "(nothing)");
  lines();
  type("ef\r");
  raw();
  EXPECT_EQ(read_slave(), "ef\n");
}

TEST_F(TtyTest, writers_are_told_that_output_is_stopped) {
  bool started = false;
  const auto wait = [&] {
    started = false;
    tty_->when_started([] { return true; }, [&] { started = true; });
  };
  type("\x13");
  EXPECT_TRUE(attention(ttycall::attention::kStopped));
  wait();
  EXPECT_FALSE(started);
  type("\x11");
  EXPECT_FALSE(attention(ttycall::attention::kStopped));
  EXPECT_TRUE(started);
  wait();
  EXPECT_TRUE(started);
  type("\x13");
  wait();
  tty_->hangup();
  EXPECT_TRUE(started);
}

TEST_F(TtyTest, writers_that_are_gone_are_forgotten) {
  auto held = std::make_shared<int>();
  type("\x13");
  for (int i = 0; i < 1000; ++i) tty_->when_started([] { return false; }, [held] {});
  EXPECT_LE(held.use_count(), 66);
}

TEST_F(TtyTest, flushed_input_is_gone_from_the_socket_too) {
  type("one\rtwo\r");
  tty_->flush(tty::Flush::kInput);
  EXPECT_EQ(read_slave(), "(nothing)");
  EXPECT_EQ(tty_->slot().kept, 0U);
}

TEST_F(TtyTest, draining_waits_for_room) {
  EXPECT_TRUE(tty_->drained());
  const std::string much(kMaxOutput + 1000, 'x');
  write_slave(much);
  EXPECT_FALSE(tty_->drained());
  bool told = false;
  tty_->when_drained([&] { told = true; });
  while (!output().empty()) {
  }
  EXPECT_TRUE(told);
}

TEST_F(TtyTest, a_hang_up_ends_reads_and_keeps_output) {
  write_slave("last words");
  const OwnedFd programs(fcntl(tty_->slave(), F_DUPFD_CLOEXEC, 0));
  tty_->hangup();
  EXPECT_TRUE(attention(ttycall::attention::kHungUp));
  std::byte one;
  EXPECT_EQ(recv(programs.get(), &one, 1, MSG_DONTWAIT), 0);
  EXPECT_EQ(output(), "last words");
}

// Of a terminal whose slave end the device gave up.
TEST_F(TtyTest, the_last_close_is_seen_and_opening_again_revives_it) {
  OwnedFd programs = tty_->duplicate_slave();
  tty_->give_up_slave();
  EXPECT_TRUE(attention(ttycall::attention::kReleased));
  bool told = false;
  tty_->on_output = [&] { told = told || tty_->closed(); };
  send(programs.get(), "last words", 10, 0);
  run();
  EXPECT_FALSE(told);
  programs.reset();
  run();
  EXPECT_TRUE(told);
  EXPECT_TRUE(attention(ttycall::attention::kClosed));
  EXPECT_EQ(output(), "last words");
  EXPECT_FALSE(tty_->duplicate_slave());

  type("typed\r");
  ASSERT_TRUE(tty_->reopen());
  EXPECT_FALSE(attention(ttycall::attention::kClosed));
  EXPECT_EQ(read_slave(), "typed\n");
}

TEST_F(TtyTest, a_slave_end_that_was_given_up_is_borrowed_or_taken_from_a_program) {
  const OwnedFd programs = tty_->duplicate_slave();
  type("line\r");
  tty_->give_up_slave();
  {
    const Tty::Borrowed other(*tty_, 0);
    const Tty::Borrowed borrowed(*tty_, programs.get());
    tty_->flush(tty::Flush::kInput);
  }
  std::byte one;
  EXPECT_LT(recv(programs.get(), &one, 1, MSG_DONTWAIT), 0);
  EXPECT_TRUE(tty_->duplicate_slave(getpid())) << "by pidfd_getfd, from this very process";
  tty_->hold_slave();
  EXPECT_TRUE(tty_->holds_slave());
  EXPECT_FALSE(attention(ttycall::attention::kReleased));
}

TEST_F(TtyTest, an_interrupt_drops_what_nobody_has_read) {
  type("one\rtwo\r");
  type("\x03");
  EXPECT_EQ(read_slave(), "(nothing)");
}

TEST_F(TtyTest, the_end_of_file_of_external_processing) {
  tty::Termios settings = tty_->termios();
  settings.lflag |= tty::lflag::kExtproc;
  tty_->set_termios(settings);
  type("\x04");
  EXPECT_FALSE(attention(ttycall::attention::kEndOfFile)) << "whether it is one depends on what is read with it";
  EXPECT_EQ(read_slave(), "\x04");
  type("ab\x04");
  EXPECT_EQ(read_slave(), "ab\x04");
  const std::string pieces = std::string(64, 'x') + '\x04';
  type(pieces);
  EXPECT_EQ(read_slave(), pieces);
}

TEST_F(TtyTest, raw_bytes_become_one_line_where_a_part_of_them_was_sent) {
  tty_->set_termios(tty::make_raw(tty_->termios()));
  std::string all;
  for (int i = 0; i < 100; ++i) {
    type("x\n");  // a socket counts buffers: some of these wait in the device
    all += "x\n";
  }
  EXPECT_EQ(read_slave(2), "x\n");
  tty::Termios settings = tty_->termios();
  settings.lflag |= tty::lflag::kIcanon;
  tty_->set_termios(settings);
  EXPECT_EQ(read_slave(), all.substr(2));
  type("y\n");
  EXPECT_EQ(read_slave(), "y\n");
}

TEST_F(TtyTest, packet_mode_is_in_the_slot) {
  tty_->set_packet_mode(true);
  EXPECT_TRUE(attention(ttycall::attention::kPacket));
  tty_->flush(tty::Flush::kOutput);
  EXPECT_EQ(tty_->slot().packet_status, 2U);
  EXPECT_EQ(tty_->take_packet_status(), 2U);
  EXPECT_EQ(tty_->slot().packet_status, 0U);
}

class WishTest : public TtyTest {
 protected:
  WishTest() {
    void* const at =
        mmap(nullptr, sizeof(ttycall::Wishes), PROT_READ | PROT_WRITE, MAP_SHARED, *page_.open_wishes(), 0);
    wishes_ = static_cast<ttycall::Wishes*>(at);
  }
  ~WishTest() override { munmap(wishes_, sizeof(ttycall::Wishes)); }

  // As the shim does it; whether it would have to ask.
  bool wish(const tty::Termios& settings) {
    if (!attention(ttycall::attention::kQuiet) || (tty_->slot().busy & 1) != 0) return false;
    return ttycall::make_wish(wishes_->wish[tty_->number()], settings);
  }
  [[nodiscard]] bool is_pending() const {
    return ttycall::pending_wish(wishes_->wish[tty_->number()], tty_->slot().adopted) != 0;
  }

  ttycall::Wishes* wishes_ = nullptr;
};

TEST_F(WishTest, is_taken_over_before_what_is_written_after_it) {
  write_slave("a\n");
  run();
  ASSERT_TRUE(wish(tty::make_raw(tty_->termios())));
  EXPECT_TRUE(is_pending());
  write_slave("b\n");
  EXPECT_EQ(output(), "a\r\nb\n");
  EXPECT_FALSE(is_pending());
}

TEST_F(WishTest, is_taken_over_before_what_is_typed_after_it) {
  ASSERT_TRUE(wish(tty::make_raw(tty_->termios())));
  type("x\r");
  EXPECT_EQ(read_slave(), "x\r");
  EXPECT_EQ(output(), "");
}

TEST_F(WishTest, cannot_be_made_while_something_waits) {
  type("part");
  EXPECT_FALSE(attention(ttycall::attention::kQuiet));
  type("\r");
  EXPECT_EQ(read_slave(), "part\n");
  EXPECT_TRUE(attention(ttycall::attention::kQuiet));
  tty_->control_flow(tty::FlowAction::kOutputOff);
  EXPECT_FALSE(attention(ttycall::attention::kQuiet));
  tty_->control_flow(tty::FlowAction::kOutputOn);
  tty_->set_packet_mode(true);
  EXPECT_FALSE(attention(ttycall::attention::kQuiet));
  tty_->set_packet_mode(false);
  EXPECT_TRUE(attention(ttycall::attention::kQuiet));
  tty_->observe();
  EXPECT_FALSE(attention(ttycall::attention::kQuiet));
}

// The key came in between: the program has seen a quiet terminal, and has wished before it can see that it is none any more.
TEST_F(WishTest, that_comes_late_is_found_by_the_end_of_what_made_it_late) {
  ASSERT_TRUE(ttycall::make_wish(wishes_->wish[tty_->number()], tty::make_raw(tty_->termios())));
  type("x");
  EXPECT_FALSE(is_pending());
  EXPECT_EQ(read_slave(), "x");
}

TEST_F(WishTest, of_a_program_that_died_is_forgotten_when_another_asks) {
  ttycall::Wish& wish = wishes_->wish[tty_->number()];
  wish.generation = 7;
  std::memset(&wish.settings, 0xff, sizeof wish.settings);
  type("x\r");
  EXPECT_EQ(output(), "x\r\n");
  EXPECT_FALSE(ttycall::make_wish(wish, tty_->termios()));
  tty_->set_termios(tty_->termios());
  EXPECT_FALSE(is_pending());
  EXPECT_EQ(read_slave(), "x\n");
  EXPECT_TRUE(ttycall::make_wish(wish, tty::make_raw(tty_->termios())));
  tty_->adopt_wish();
  EXPECT_FALSE(tty_->termios().local(tty::lflag::kIcanon));
}

// Nothing that programs can write there does more than tcsetattr(3) could.
TEST_F(WishTest, of_any_bytes_is_settings) {
  std::mt19937 random(7);
  for (int i = 0; i < 2000; ++i) {
    auto* const words = reinterpret_cast<std::uint32_t*>(wishes_->wish);
    for (int k = 0; k < 16; ++k) words[random() % 64] = static_cast<std::uint32_t>(random());
    type("x\r");
    write_slave("y\n");
    static_cast<void>(output());
    static_cast<void>(read_slave());
    tty_->flush(tty::Flush::kBoth);
    ASSERT_EQ(tty_->termios().cflag & tty::cflag::kCsize, tty::cflag::kCs8);
  }
}

TEST_F(TtyTest, thousands_fit) {
  std::vector<SharedPage> pages;
  std::vector<std::unique_ptr<Tty>> many;
  for (int i = 0; i < 200; ++i) {
    auto tty = Tty::open(context_, page_);
    ASSERT_TRUE(tty) << tty.error().message();
    many.push_back(std::move(*tty));
  }
  EXPECT_EQ(many.back()->number(), 200);
  many.erase(many.begin() + 4);
  EXPECT_EQ((*Tty::open(context_, page_))->number(), 5) << "a number that is free is used again";
}

}  // namespace

}  // namespace farpty::device
