#include "base/terminfo.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace farpty {
namespace {

using testing::ElementsAre;

TEST(Terminfo, folders_in_the_order_of_ncurses) {
  EXPECT_THAT(terminfo_folders({}),
              ElementsAre("/etc/terminfo", "/lib/terminfo", "/usr/share/terminfo", "/usr/local/share/terminfo"));
  EXPECT_THAT(terminfo_folders({.terminfo = "/t", .home = "/home/me", .terminfo_dirs = "/a::/b"}),
              ElementsAre("/t", "/home/me/.terminfo", "/a", "/etc/terminfo", "/lib/terminfo", "/usr/share/terminfo",
                          "/usr/local/share/terminfo", "/b"));
  EXPECT_THAT(
      terminfo_folders({.terminfo = "hex:1a01", .home = "", .terminfo_dirs = "relative:/etc/terminfo:"}),
      ElementsAre("/.terminfo", "/etc/terminfo", "/lib/terminfo", "/usr/share/terminfo", "/usr/local/share/terminfo"));
}

class TerminfoFolder : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "terminfo-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void add(const std::string& file) const {
    std::filesystem::create_directories((folder_ / file).parent_path());
    std::ofstream(folder_ / file) << "entry";
  }
  [[nodiscard]] bool has(std::string_view name) const { return has_terminfo(name, {"/nonexistent", folder_.string()}); }
  std::filesystem::path folder_;
};

TEST_F(TerminfoFolder, letter_and_hex_folders) {
  add("f/fancy+one");
  add("66/fancy-two");
  EXPECT_TRUE(has("fancy+one"));
  EXPECT_TRUE(has("fancy-two"));
  EXPECT_FALSE(has("fancy"));
}

TEST_F(TerminfoFolder, names_that_are_paths_are_no_names) {
  add("x/xterm");
  std::filesystem::create_directories(folder_ / "d/directory");
  EXPECT_TRUE(has("xterm"));
  EXPECT_FALSE(has(""));
  EXPECT_FALSE(has("."));
  EXPECT_FALSE(has(".."));
  EXPECT_FALSE(has("x/../x/xterm"));
  EXPECT_FALSE(has("directory"));
}

}  // namespace
}  // namespace farpty
