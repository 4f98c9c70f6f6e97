#include "door/terminal_name.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace farpty::door {
namespace {

class TerminalNameTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "terminal-name-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    std::filesystem::create_directory(folder_ / "k");
    std::ofstream(folder_ / "k/known") << "entry";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path folder_;
};

TEST_F(TerminalNameTest, the_first_known_name_is_chosen) {
  TerminalName name({folder_.string()});
  EXPECT_EQ(name.chosen(), std::nullopt);
  EXPECT_FALSE(name.offer("FANCY"));
  EXPECT_EQ(name.chosen(), "fancy");
  EXPECT_FALSE(name.offer("other"));
  EXPECT_EQ(name.chosen(), "fancy");
  EXPECT_TRUE(name.offer("Known"));
  EXPECT_EQ(name.chosen(), "known");
}

TEST(TerminfoVariablesTest, are_read_from_the_programs_environment) {
  const auto variables = terminfo_variables({"TERM=x", "HOMER=no", "HOME=/h", "TERMINFO_DIRS=/a:/b"});
  EXPECT_EQ(variables.home, "/h");
  EXPECT_EQ(variables.terminfo, std::nullopt);
  EXPECT_EQ(variables.terminfo_dirs, "/a:/b");
}

}  // namespace
}  // namespace farpty::door
