#include "base/terminfo.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/carried_terminfo.hpp"

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

std::string entry_of(std::string names, std::string_view magic = "\x1a\x01") {
  names += '\0';
  std::string header(magic);
  header += static_cast<char>(names.size());
  header += '\0';
  header.resize(12, '\0');
  return header + names + "rest";
}

TEST(Terminfo, entries_say_of_whom_they_are) {
  EXPECT_TRUE(is_terminfo_entry(entry_of("kitty|xterm-kitty|a terminal"), "xterm-kitty"));
  EXPECT_TRUE(is_terminfo_entry(entry_of("kitty", "\x1e\x02"), "kitty"));
  EXPECT_FALSE(is_terminfo_entry(entry_of("kitty|xterm-kitty"), "xterm"));
  EXPECT_FALSE(is_terminfo_entry(entry_of("kitty", "\x1a\x02"), "kitty"));
  EXPECT_FALSE(is_terminfo_entry("", "kitty"));
  EXPECT_FALSE(is_terminfo_entry(entry_of("kitty").substr(0, 14), "kitty"));
}

// As scripts/pack-terminfo packs them.
std::string packed(const std::string& entry) {
  return std::string{static_cast<char>(entry.size()), static_cast<char>(entry.size() >> 8)} + entry;
}

TEST(CarriedTerminfo, is_found_by_each_of_its_names) {
  const std::string first = entry_of("one|first|a terminal") + std::string(300, 'x'), second = entry_of("two|another");
  const std::string pack = packed(first) + packed(second);
  EXPECT_EQ(find_in_pack(pack, "one"), first);
  EXPECT_EQ(find_in_pack(pack, "first"), first);
  EXPECT_EQ(find_in_pack(pack, "two"), second);
  EXPECT_EQ(find_in_pack(pack, "three"), "");
  EXPECT_EQ(find_in_pack(pack, ""), "");
}

TEST(CarriedTerminfo, a_pack_that_is_cut_short_holds_what_is_whole) {
  const std::string first = entry_of("one|a terminal"), pack = packed(first) + packed(entry_of("two|another"));
  for (std::size_t size = 0; size < pack.size(); ++size) {
    const std::string cut = pack.substr(0, size);
    EXPECT_EQ(find_in_pack(cut, "one"), size < first.size() + 2 ? "" : first);
    EXPECT_EQ(find_in_pack(cut, "two"), "");
  }
}

}  // namespace
}  // namespace farpty
