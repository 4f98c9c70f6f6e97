#include "door/terminfo_store.hpp"

#include <gtest/gtest.h>

namespace farpty::door {
namespace {

std::string entry_of(std::string names, std::string_view magic = "\x1a\x01") {
  names += '\0';
  std::string header(magic);
  header += static_cast<char>(names.size());
  header += '\0';
  header.resize(12, '\0');
  return header + names + "rest";
}

TEST(TerminfoStore, TakesAnEntryOfTheNameThatItSays) {
  EXPECT_TRUE(is_terminfo_entry(entry_of("kitty|xterm-kitty|a terminal"), "xterm-kitty"));
  EXPECT_TRUE(is_terminfo_entry(entry_of("kitty", "\x1e\x02"), "kitty"));
  EXPECT_FALSE(is_terminfo_entry(entry_of("kitty|xterm-kitty"), "xterm"));
  EXPECT_FALSE(is_terminfo_entry(entry_of("kitty", "\x1a\x02"), "kitty"));
  EXPECT_FALSE(is_terminfo_entry("", "kitty"));
  EXPECT_FALSE(is_terminfo_entry(entry_of("kitty").substr(0, 14), "kitty"));
}

}  // namespace
}  // namespace farpty::door
