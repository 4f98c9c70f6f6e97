#include "client/telnet_link.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace farpty::client {
namespace {

using namespace std::string_view_literals;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr auto kWillEcho = "\xff\xfb\x01"sv, kDoEcho = "\xff\xfd\x01"sv, kWontEcho = "\xff\xfc\x01"sv,
               kDontEcho = "\xff\xfe\x01"sv;
constexpr auto kWillSga = "\xff\xfb\x03"sv, kDoSga = "\xff\xfd\x03"sv;

struct Said {
  std::string shown;
  std::string answers;
};

Said receive(TelnetLink& link, std::string_view wire) {
  Said said;
  link.receive(as_bytes(wire), said.shown, said.answers);
  return said;
}

std::string typed(TelnetLink& link, std::string_view keys) {
  std::string wire;
  link.type(as_bytes(keys), wire);
  return wire;
}

TEST(TelnetLink, NamesOfATerminal) {
  EXPECT_THAT(terminal_types("xterm-256color"), ElementsAre("xterm-256color", "xterm"));
  EXPECT_THAT(terminal_types("rxvt-unicode-256color"), ElementsAre("rxvt-unicode-256color", "rxvt-unicode", "rxvt"));
  EXPECT_THAT(terminal_types("linux"), ElementsAre("linux"));
  EXPECT_THAT(terminal_types(""), IsEmpty());
  EXPECT_THAT(terminal_types("no name"), IsEmpty());
}

TEST(TelnetLink, BeginsNothingAndTypesLinesUntilTheServerEchoes) {
  TelnetLink link({"xterm"});
  std::string wire;
  link.resize({.columns = 100, .rows = 30}, wire);
  link.begin(wire);
  EXPECT_EQ(wire, "");
  EXPECT_EQ(link.typing(), Typing::kLines);
  EXPECT_EQ(typed(link, "HELO me\n"), "HELO me\r\n");
  EXPECT_TRUE(link.interrupt(wire));
  EXPECT_EQ(wire, "\xff\xf4");
}

TEST(TelnetLink, EchoAndEditingFollowTheServer) {
  TelnetLink link({});
  EXPECT_EQ(receive(link, std::string(kWillEcho) + "Password: ").shown, "Password: ");
  EXPECT_EQ(link.typing(), Typing::kHiddenLines);
  EXPECT_EQ(receive(link, kWontEcho).answers, kDontEcho);
  EXPECT_EQ(link.typing(), Typing::kLines);
  EXPECT_EQ(receive(link, kWillSga).answers, kDoSga);
  EXPECT_EQ(link.typing(), Typing::kEchoedKeys);
  EXPECT_EQ(receive(link, kWillEcho).answers, kDoEcho);
  EXPECT_EQ(link.typing(), Typing::kRaw);
  EXPECT_EQ(typed(link, "a\r"), "a\r\0"sv);
  std::string wire;
  EXPECT_FALSE(link.interrupt(wire));
}

TEST(TelnetLink, TellsItsTypeAndEachSize) {
  TelnetLink link({"xterm"});
  std::string wire;
  link.resize({.columns = 100, .rows = 30}, wire);
  EXPECT_EQ(receive(link, "\xff\xfd\x1f\xff\xfd\x18\xff\xfa\x18\x01\xff\xf0").answers,
            "\xff\xfb\x1f\xff\xfb\x18\xff\xfa\x18\0xterm\xff\xf0\xff\xfa\x1f\0\x64\0\x1e\xff\xf0"sv);
  link.resize({.columns = 90, .rows = 20}, wire);
  EXPECT_EQ(wire, "\xff\xfa\x1f\0\x5a\0\x14\xff\xf0"sv);
}

TEST(TelnetLink, AServerThatAsksForEverIsAnsweredInFullAndRemembersNothing) {
  TelnetLink link({});
  std::string flood;
  for (int i = 0; i < 5000; ++i) flood += "\xff\xfd\x06";
  EXPECT_EQ(receive(link, flood).answers.size(), flood.size());
}

}  // namespace
}  // namespace farpty::client
