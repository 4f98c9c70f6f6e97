// A terminal of its own, for its tests: what is typed, what a program reads and writes, what the master side gets.
#pragma once

#include <sys/socket.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <boost/asio/io_context.hpp>

#include "device/tty.hpp"

namespace farpty::device {

class TtyTest : public testing::Test {
 protected:
  TtyTest() : page_(*SharedPage::create()), tty_(*Tty::open(context_, page_)) {}

  void type(std::string_view text) { EXPECT_EQ(tty_->type(as_bytes(text)), text.size()); }
  void run() {
    context_.restart();
    context_.poll();
  }
  // What a program's read(2) gets; "(nothing)" where it would wait.
  std::string read_slave(std::size_t size = 4096) {
    run();
    std::string text(size, 0);
    const ssize_t count = recv(tty_->slave(), text.data(), size, MSG_DONTWAIT);
    if (count < 0) return "(nothing)";
    text.resize(static_cast<std::size_t>(count));
    return text;
  }
  void write_slave(std::string_view text) {
    ASSERT_EQ(send(tty_->slave(), text.data(), text.size(), MSG_DONTWAIT), static_cast<ssize_t>(text.size()));
  }
  std::string output() {
    run();
    std::array<std::byte, 8192> buffer;
    return std::string(as_text(Bytes(buffer).first(tty_->read_output(buffer))));
  }
  [[nodiscard]] bool attention(std::uint32_t bit) { return (tty_->slot().attention & bit) != 0; }

  boost::asio::io_context context_{1};
  SharedPage page_;
  std::unique_ptr<Tty> tty_;
};

}  // namespace farpty::device
