#include "client/escape_keys.hpp"

#include <gtest/gtest.h>

namespace farpty::client {
namespace {

struct Got {
  std::string text;
  std::string commands;
};

Got filter(std::string_view keys, std::optional<char> escape, bool one_by_one) {
  EscapeKeys filter(escape);
  Got got;
  const std::size_t step = one_by_one ? 1 : keys.size();
  for (std::size_t at = 0; at < keys.size(); at += step) {
    const auto typed = filter.filter(as_bytes(keys.substr(at, step)));
    got.text += typed.text;
    for (const Command command : typed.commands)
      got.commands += command == Command::kDisconnect ? '.' : command == Command::kSuspend ? 'z' : '?';
    if (got.commands.ends_with('.')) break;
  }
  return got;
}

struct Case {
  std::string_view keys;
  std::optional<char> escape;
  std::string_view text;
  std::string_view commands;
};

TEST(EscapeKeys, AsSsh) {
  const Case cases[] = {
      {"ls\r~.rest", '~', "ls\r", "."},
      {"~.", '~', "", "."},
      {"~\x1a"
       "x",
       '~', "x", "z"},
      {"~?\r~.", '~', "\r", "?."},
      {"~~a", '~', "~a", ""},
      {"~a", '~', "~a", ""},
      {"a~.", '~', "a~.", ""},
      {"\n~.", '~', "\n", "."},
      {"~~~.", '~', "~~.", ""},
      {"~.", std::nullopt, "~.", ""},
      {"%.", '%', "", "."},
      {"~.", '%', "~.", ""},
      {"~\r~.", '~', "~\r", "."},
  };
  for (const auto& [keys, escape, text, commands] : cases) {
    for (const bool one_by_one : {false, true}) {
      const auto got = filter(keys, escape, one_by_one);
      EXPECT_EQ(got.text, text) << keys;
      EXPECT_EQ(got.commands, commands) << keys;
    }
  }
}

}  // namespace
}  // namespace farpty::client
