#include "door/native_start.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace farpty::door {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

Settings settings() {
  Settings made;
  made.spec.program = {
      .file = "/bin/bash", .arguments = {"-bash"}, .environment = {"HOME=/home/ann", "LANG=C", "PATH=/bin"}};
  made.shell = "/bin/zsh";
  made.home = "/home/ann";
  return made;
}

wire::Start on_pipes(std::vector<std::string> command) { return {.command = std::move(command), .terminal = false}; }

TEST(NativeStart, WithoutACommandItIsTheServersProgram) {
  const auto spec = spec_of(on_pipes({}), settings(), {});
  ASSERT_TRUE(spec);
  EXPECT_EQ(spec->program.file, "/bin/bash");
  EXPECT_TRUE(spec->lasting);
}

TEST(NativeStart, ACommandIsWordsAndNoShellSeesThem) {
  const auto spec = spec_of(on_pipes({"ls", "a; rm -rf b", "$(c)"}), settings(), {});
  ASSERT_TRUE(spec);
  EXPECT_EQ(spec->program.file, "ls");
  EXPECT_THAT(spec->program.arguments, ElementsAre("ls", "a; rm -rf b", "$(c)"));
  EXPECT_EQ(spec->program.directory, "/home/ann");
  EXPECT_FALSE(spec_of(on_pipes({""}), settings(), {}));
}

TEST(NativeStart, AForcedCommandIsTheKeysAndNotThePeers) {
  const auto spec = spec_of(on_pipes({"sh"}), settings(), {.command = "backup --all"});
  ASSERT_TRUE(spec);
  EXPECT_THAT(spec->program.arguments, ElementsAre("/bin/zsh", "-c", "backup --all"));
}

TEST(NativeStart, OnlyLanguageAndColourComeFromAfar) {
  wire::Start start = on_pipes({"env"});
  start.environment = {{"LANG", "de_DE.UTF-8"}, {"LC_ALL", "C"},    {"COLORTERM", "truecolor"},
                       {"LD_PRELOAD", "/x.so"}, {"PATH", "/evil"},  {"LC_", "x"},
                       {"LC_A=B", "x"},         {"BASH_ENV", "/x"}, {"TERMINFO", "/x"},
                       {"LOCPATH", "/x"},       {"LANGUAGE", "x"}};
  const auto spec = spec_of(start, settings(), {});
  ASSERT_TRUE(spec);
  EXPECT_THAT(spec->program.environment,
              ElementsAre("HOME=/home/ann", "PATH=/bin", "LANG=de_DE.UTF-8", "LC_ALL=C", "COLORTERM=truecolor"));
}

TEST(NativeStart, WhatAKeyMayNotDoIsRefused) {
  wire::Start start{.term = "xterm"};
  EXPECT_FALSE(spec_of(start, settings(), {.terminal = auth::Terminal::kRefused}));
  EXPECT_TRUE(spec_of(on_pipes({}), settings(), {.terminal = auth::Terminal::kRefused}));
}

TEST(NativeStart, AServerOfOneProgramRunsNoOther) {
  Settings one = settings();
  one.commands = Commands::kOnlyTheProgram;
  EXPECT_TRUE(spec_of(on_pipes({}), one, {}));
  EXPECT_FALSE(spec_of(on_pipes({"sh"}), one, {}));
}

TEST(NativeStart, AServiceThatIsNotThereIsRefused) {
  wire::Start start = on_pipes({});
  start.service = "teleport";
  const auto spec = spec_of(start, settings(), {});
  ASSERT_FALSE(spec);
  EXPECT_EQ(spec.error().operation, "unsupported");
}

TEST(NativeStart, ACopyIsThisProgramsOwnFarEnd) {
  wire::Start start = on_pipes({});
  start.service = "copy";
  const auto spec = spec_of(start, settings(), {});
  ASSERT_TRUE(spec);
  EXPECT_THAT(spec->program.file, HasSubstr("door_test"));
  EXPECT_THAT(spec->program.arguments, ElementsAre("farpty", "copy", "--serve"));
  EXPECT_EQ(spec->program.directory, "/home/ann");

  // Nobody gets more by it than by a command.
  const auto forced = spec_of(start, settings(), {.command = "backup"});
  ASSERT_TRUE(forced);
  EXPECT_THAT(forced->program.arguments, ElementsAre("/bin/zsh", "-c", "backup"));
  Settings one = settings();
  one.commands = Commands::kOnlyTheProgram;
  EXPECT_FALSE(spec_of(start, one, {}));
}

TEST(NativeStart, NamesOfSessionsAreHarmless) {
  EXPECT_TRUE(is_session_name("build-2.b_x"));
  for (const char* name : {"", "-x", ".x", "a b", "a/b", "17", "\x1b[2J", "a\n"})
    EXPECT_FALSE(is_session_name(name)) << name;
}

TEST(NativeStart, AStrangeTermBecomesTheServersOwn) {
  wire::Start start{.term = "../../etc/passwd"};
  const auto spec = spec_of(start, settings(), {});
  ASSERT_TRUE(spec);
  EXPECT_THAT(spec->program.environment, Contains("TERM=xterm-256color"));
  EXPECT_THAT(spec->program.environment, Not(Contains(StartsWith("TERMINFO_DIRS="))));
}

}  // namespace
}  // namespace farpty::door
