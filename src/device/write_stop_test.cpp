#include "device/write_stop.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include <gtest/gtest.h>

#include "device/tty_fixture.hpp"

namespace farpty::device {

namespace {

class StoppedTtyTest : public TtyTest {
 protected:
  [[nodiscard]] bool writable() const {
    pollfd one{.fd = tty_->slave(), .events = POLLOUT, .revents = 0};
    return poll(&one, 1, 0) == 1;
  }
  static constexpr std::string_view kStop = "\x13", kStart = "\x11";
};

TEST_F(StoppedTtyTest, cannot_be_written_by_the_socket_s_own_word) {
  EXPECT_TRUE(writable());
  write_slave("before ");
  type(kStop);
  EXPECT_FALSE(writable());
  write_slave("meanwhile ");  // by who had looked before
  EXPECT_FALSE(writable());
  EXPECT_EQ(output(), "before ");
  type(kStart);
  EXPECT_TRUE(writable());
  write_slave("after");
  EXPECT_EQ(output(), "meanwhile after");
}

TEST_F(StoppedTtyTest, wakes_who_waits) {
  const OwnedFd events(epoll_create1(EPOLL_CLOEXEC));
  epoll_event event{.events = EPOLLOUT | EPOLLET, .data = {}};
  ASSERT_EQ(epoll_ctl(events.get(), EPOLL_CTL_ADD, tty_->slave(), &event), 0);
  EXPECT_EQ(epoll_wait(events.get(), &event, 1, 0), 1);
  type(kStop);
  EXPECT_EQ(epoll_wait(events.get(), &event, 1, 0), 0);
  type(kStart);
  EXPECT_EQ(epoll_wait(events.get(), &event, 1, 0), 1);
}

TEST_F(StoppedTtyTest, is_stopped_again_and_again) {
  for (int i = 0; i < 1000; ++i) {
    type(kStop);
    ASSERT_FALSE(writable());
    if (i % 3 == 0) write_slave("x");
    type(i % 2 == 0 ? kStart : "\x11\x13\x11");
    ASSERT_TRUE(writable());
  }
  EXPECT_EQ(output(), std::string(334, 'x'));
}

TEST_F(StoppedTtyTest, has_nothing_to_drain_where_nothing_was_written) {
  type(kStop);
  EXPECT_TRUE(tty_->drained());
  write_slave("x");
  EXPECT_FALSE(tty_->drained());
  type(kStart);
  EXPECT_TRUE(tty_->drained());
  EXPECT_EQ(output(), "x");
}

TEST_F(StoppedTtyTest, stays_stopped_when_output_is_flushed) {
  type(kStop);
  write_slave("lost");
  tty_->flush(tty::Flush::kOutput);
  EXPECT_FALSE(writable());
  EXPECT_TRUE(tty_->drained());
  type(kStart);
  EXPECT_TRUE(writable());
  EXPECT_EQ(output(), "");
}

TEST_F(StoppedTtyTest, is_as_usual_when_its_slave_end_is_given_up) {
  const OwnedFd program = tty_->duplicate_slave();
  type(kStop);
  tty_->give_up_slave();
  const pollfd asked{.fd = program.get(), .events = POLLOUT, .revents = 0};
  pollfd one = asked;
  EXPECT_EQ(poll(&one, 1, 0), 1);
  tty_->hold_slave();
  type(kStart);
  EXPECT_EQ(send(program.get(), "x", 1, MSG_DONTWAIT), 1);
  EXPECT_EQ(output(), "x");
}

}  // namespace
}  // namespace farpty::device
