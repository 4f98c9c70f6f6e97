// What is typed and not read when much of it waits: pieces that lie in the socket and behind it, and what had no room.
#include <algorithm>

#include "device/tty_fixture.hpp"

namespace farpty::device {

namespace {

class TtyInputTest : public TtyTest {
 protected:
  void set(std::uint32_t off, std::uint32_t on) {
    tty::Termios settings = tty_->termios();
    settings.lflag = (settings.lflag & ~off) | on;
    tty_->set_termios(settings);
  }
  std::string taken(std::size_t most) {
    const std::vector<std::byte> bytes = tty_->take_input(most);
    return std::string(as_text(bytes));
  }
};

// A socket has room for so many small pieces only (it counts buffers), so the rest is kept behind it. A read takes all there is, and
// only then comes what had no room: Ctrl-C flushed what the read had not fetched yet.
TEST_F(TtyInputTest, a_read_has_all_there_is_before_a_key_that_had_no_room) {
  set(tty::lflag::kIcanon | tty::lflag::kEcho, 0);
  std::string all;
  for (std::size_t i = 0; tty_->type(as_bytes(std::string(1, static_cast<char>('a' + i % 26)))) == 1; ++i)
    all += static_cast<char>('a' + i % 26);
  EXPECT_EQ(all.size(), 4095U);
  EXPECT_GT(tty_->slot().kept, 0U) << "the socket took all: the test has lost its subject";
  EXPECT_EQ(tty_->type(as_bytes("\x03")), 0U);
  EXPECT_EQ(taken(8192), all);
  EXPECT_TRUE(tty_->take_input_room());
  type("\x03");
  EXPECT_EQ(read_slave(), "(nothing)");
}

TEST_F(TtyInputTest, a_read_takes_no_more_than_it_wants) {
  set(tty::lflag::kIcanon | tty::lflag::kEcho, 0);
  for (int i = 0; i < 1000; ++i) type("x");
  EXPECT_EQ(taken(10).size(), 10U);
  EXPECT_EQ(taken(500).size(), 500U);
  EXPECT_EQ(taken(8192).size(), 490U);
  EXPECT_EQ(taken(8192), "");
}

// docs/line-discipline.md: where the kernel's blocks end depends on the sizes of the writes (typed_pieces.hpp), and of two that come at once
// the border is not known.
TEST_F(TtyInputTest, writes_that_are_taken_at_once_are_cut_as_one) {
  const auto shown = [this] {
    const std::string text = output();
    type("\x11");
    output();
    return std::ranges::count(text, 'b');
  };
  const std::string first(1570, 'a'), second = "\n" + std::string(1900, 'b') + "\x13" + std::string(113, 'c');
  type(first);
  type(second);
  EXPECT_EQ(shown(), 1791);
  tty_ = *Tty::open(context_, page_);
  type(first + second);
  EXPECT_EQ(shown(), 1757);
}

TEST_F(TtyInputTest, lines_are_read_from_the_socket) {
  type("line\r");
  EXPECT_EQ(taken(100), "");
  EXPECT_EQ(read_slave(), "line\n");
}

// docs/line-discipline.md, "overrun": which bytes are lost differs from the kernel's; that it ends does not.
TEST_F(TtyInputTest, an_overfull_queue_under_extproc_ends) {
  set(tty::lflag::kEcho, tty::lflag::kExtproc);
  for (int i = 0; i < 4; ++i) {
    static_cast<void>(tty_->type(as_bytes(std::string(6000, 'x'))));
    tty_->simulate_input('y');
    std::size_t size = 0;
    for (std::string piece = read_slave(8192); piece != "(nothing)"; piece = read_slave(8192)) size += piece.size();
    EXPECT_GE(size, 4095U);
    EXPECT_LE(size, 12000U);
    EXPECT_EQ(tty_->slot().kept, 0U);
  }
  type("z");
  EXPECT_EQ(read_slave(), "z");
}

}  // namespace

}  // namespace farpty::device
