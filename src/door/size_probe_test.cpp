#include "door/size_probe.hpp"

#include <gtest/gtest.h>

namespace farpty::door {
namespace {

using namespace std::chrono_literals;
const SizeProbe::Clock::time_point kStart{};

std::string type(SizeProbe& probe, std::string_view text, SizeProbe::Clock::duration after = 0s) {
  return std::string(as_text(probe.filter_input(as_bytes(text), kStart + after)));
}

// A probe that has asked after a first keystroke.
SizeProbe asked() {
  SizeProbe probe;
  EXPECT_EQ(type(probe, "l"), "l");
  EXPECT_TRUE(probe.must_ask());
  probe.asked(kStart);
  return probe;
}

TEST(SizeProbe, TakesOneReportHoweverItIsCut) {
  const std::string typed = "ab\x1b[50;132Rcd";
  for (std::size_t cut = 0; cut <= typed.size(); ++cut) {
    auto probe = asked();
    std::string got = type(probe, typed.substr(0, cut));
    got += type(probe, typed.substr(cut), 1s);
    EXPECT_EQ(got, "abcd") << cut;
    EXPECT_EQ(probe.take_size(), (WindowSize{.columns = 132, .rows = 50})) << cut;
    EXPECT_TRUE(probe.finished());
    EXPECT_EQ(type(probe, "\x1b[50;132R"), "\x1b[50;132R");
  }
}

TEST(SizeProbe, AFirstReadWithNewlineOrEndOfFileSwitchesItOff) {
  for (const std::string& first : {std::string("ls\n"), std::string("\x04"), std::string(200, 'x')}) {
    SizeProbe probe;
    EXPECT_EQ(type(probe, first), first);
    EXPECT_TRUE(probe.finished());
    EXPECT_FALSE(probe.must_ask());
    EXPECT_EQ(type(probe, "\x1b[50;132R"), "\x1b[50;132R");
  }
}

TEST(SizeProbe, NothingElseIsEaten) {
  for (const std::string typed : std::initializer_list<const char*>{
           "\x1b[A", "\x1b[1;2R", "\x1bOP", "\x1b[;R", "\x1b[12;R", "\x1b[5;x", "\x1b\x1b[B", "\x1b[99999;99999999R"}) {
    for (std::size_t cut = 0; cut <= typed.size(); ++cut) {
      auto probe = asked();
      std::string got = type(probe, typed.substr(0, cut)) + type(probe, typed.substr(cut));
      got += as_text(probe.release());
      EXPECT_EQ(got, typed);
      EXPECT_FALSE(probe.take_size());
    }
  }
}

TEST(SizeProbe, AnEscapeBeforeAReportIsPassedOn) {
  auto probe = asked();
  EXPECT_EQ(type(probe, "\x1b\x1b[30;90R"), "\x1b");
  EXPECT_EQ(probe.take_size(), (WindowSize{.columns = 90, .rows = 30}));
}

TEST(SizeProbe, TheWindowCloses) {
  auto probe = asked();
  EXPECT_EQ(type(probe, "\x1b[30;90R", 11s), "\x1b[30;90R");
  EXPECT_TRUE(probe.finished());
}

TEST(SizeProbe, AsksOnlyBetweenSequences) {
  for (const std::string_view part : {"\x1b", "\x1b[3", "\x1b]0;title", "\x1b(", "\xe2\x82"}) {
    SizeProbe probe;
    probe.see_output(as_bytes("$ "));
    probe.see_output(as_bytes(part));
    std::ignore = type(probe, "l");
    EXPECT_FALSE(probe.must_ask()) << part;
    probe.see_output(as_bytes(part.starts_with("\x1b]") ? "\x07" : part.starts_with("\xe2") ? "\xac" : "m"));
    EXPECT_TRUE(probe.must_ask()) << part;
  }
}

}  // namespace
}  // namespace farpty::door
