#include "net/socket.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <array>

#include <gtest/gtest.h>

#include "net/dial.hpp"
#include "net/listener.hpp"

namespace farpty::net {
namespace {

class Receive : public testing::Test {
 protected:
  Receive() {
    auto listener = std::move(*Listener::open(*parse_url("raw://127.0.0.1:0")));
    client_ = std::move(*dial(listener.url()));
    server_ = std::move(*listener.accept());
  }
  void send_text(std::string_view text) {
    ASSERT_EQ(send(client_.get(), text.data(), text.size(), 0), std::ssize(text));
  }
  void wait_for(short events) {
    pollfd server{.fd = server_.get(), .events = events, .revents = 0};
    ASSERT_EQ(poll(&server, 1, 5000), 1);
  }

  OwnedFd client_, server_;
  std::array<std::byte, 100> buffer_{};
};

TEST_F(Receive, AShortReadThatTookEverythingSaysSo) {
  send_text("x");
  wait_for(POLLIN);
  const auto got = receive(server_.get(), buffer_);
  EXPECT_EQ(got.count, 1U);
  EXPECT_FALSE(got.more);
  EXPECT_EQ(receive(server_.get(), buffer_).code, EAGAIN);
}

TEST_F(Receive, AnEndThatCameWithTheDataIsMore) {
  send_text("x");
  shutdown(client_.get(), SHUT_WR);
  wait_for(POLLRDHUP);
  const auto got = receive(server_.get(), buffer_);
  EXPECT_EQ(got.count, 1U);
  EXPECT_TRUE(got.more);
  const auto end = receive(server_.get(), buffer_);
  EXPECT_EQ(end.count, 0U);
  EXPECT_EQ(end.code, 0);
}

TEST_F(Receive, MoreThanFitsIsMore) {
  send_text(std::string(150, 'x'));
  wait_for(POLLIN);
  EXPECT_TRUE(receive(server_.get(), buffer_).more);
  EXPECT_EQ(receive(server_.get(), buffer_).count, 50U);
}

}  // namespace
}  // namespace farpty::net
