// What a command answers that is not in the build: its own words, whatever stands behind its name.
#include <gtest/gtest.h>

#include <vector>

#include <CLI/CLI.hpp>

#include "app/commands.hpp"

namespace farpty::app {
namespace {

class AbsentCommand : public testing::TestWithParam<std::vector<std::string>> {};

TEST_P(AbsentCommand, AnswersWhateverFollows) {
  CLI::App app;
  app.require_subcommand(1);
  const app::Run run = add_absent(app, "serve", "it is for tests");
  std::vector<std::string> words(GetParam().rbegin(), GetParam().rend());  // as CLI11 takes them
  app.parse(words);
  ASSERT_TRUE(app.get_subcommand("serve")->parsed());
  testing::internal::CaptureStderr();
  EXPECT_EQ(run(), 2);
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_NE(said.find("there is no farpty serve in this build: it is for tests"), std::string::npos) << said;
}

INSTANTIATE_TEST_SUITE_P(Words, AbsentCommand,
                         testing::Values(std::vector<std::string>{"serve"}, std::vector<std::string>{"serve", "--help"},
                                         std::vector<std::string>{"serve", "--listen", "raw://127.0.0.1:0", "--",
                                                                  "bash"}));

}  // namespace
}  // namespace farpty::app
