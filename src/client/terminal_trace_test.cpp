#include "client/terminal_trace.hpp"

#include <gtest/gtest.h>

namespace farpty::client {
namespace {

TEST(TerminalTrace, UndoesWhatIsStillOn) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"plain text \x1b[31mred\x1b[0m", ""},
      {"\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"},
      {"\x1b[?1049h\x1b[?25l\x1b[?25h\x1b[?1049l", ""},
      {"\x1b[?1000;1006h\x1b[?2004h\x1b=", "\x1b[?1000l\x1b[?1006l\x1b[?2004l\x1b>"},
      {"\x1b[?2004h\x1b"
       "c",
       ""},
      {"\x1b[?12h\x1b[4h", ""},
      {"\x1b[?99999999999999h", ""},
  };
  for (const auto& [output, undo] : cases) {
    TerminalTrace whole;
    whole.see(as_bytes(output));
    EXPECT_EQ(whole.undo(), undo);
    TerminalTrace pieces;
    for (std::size_t i = 0; i < output.size(); ++i) pieces.see(as_bytes(output.substr(i, 1)));
    EXPECT_EQ(pieces.undo(), undo);
  }
}

TEST(TerminalTrace, KnowsWhereBytesOfOurOwnDoNoHarm) {
  // Between the bytes of each of these there is no such place; before and behind it there is.
  const std::string_view cases[] = {
      "\x1b[1;31m",         "\x1b(0",        "\x1b#8",   "\x1b=",        "\x1b]0;title\x07", "\x1b]0;t\x1b\\",
      "\x1bP+q\x07q\x1b\\", "\x1b_Gx\x1b\\", "\xc3\xa4", "\xe6\x97\xa5", "\xf0\x9f\x98\x80", "\x1b[?25l"};
  for (const std::string_view one : cases) {
    TerminalTrace trace;
    trace.see(as_bytes("before"));
    EXPECT_TRUE(trace.is_between());
    for (std::size_t i = 0; i + 1 < one.size(); ++i) {
      trace.see(as_bytes(one.substr(i, 1)));
      EXPECT_FALSE(trace.is_between()) << testing::PrintToString(one) << " after byte " << i;
    }
    trace.see(as_bytes(one.substr(one.size() - 1)));
    EXPECT_TRUE(trace.is_between()) << testing::PrintToString(one);
    TerminalTrace whole;
    whole.see(as_bytes(std::string("x") + std::string(one)));
    EXPECT_TRUE(whole.is_between()) << testing::PrintToString(one);
  }
}

TEST(TerminalTrace, SeesResizing) {
  for (const std::string_view output : {"\x1b[8;24;80t", "\x1b[4;600;800t", "\x1b[?3h", "\x1b[?3l"}) {
    TerminalTrace trace;
    EXPECT_TRUE(trace.see(as_bytes(output)));
    EXPECT_TRUE(trace.resized());
  }
  TerminalTrace trace;
  trace.see(as_bytes("\x1b[18t\x1b[22;0;0t"));
  EXPECT_FALSE(trace.resized());
}

}  // namespace
}  // namespace farpty::client
