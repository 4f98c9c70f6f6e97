#include "client/escape_keys.hpp"

#include <gtest/gtest.h>

namespace farpty::client {
namespace {

struct Got {
  std::string text;
  std::string commands;
};

char letter(Command command) {
  switch (command) {
    case Command::kDisconnect: return '.';
    case Command::kSuspend: return 'z';
    case Command::kHelp: return '?';
    case Command::kDetach: return 'd';
    case Command::kPen: return 'w';
  }
  return '!';
}

enum class Chunks { kWhole, kBytes };

Got filter(std::string_view keys, EscapeKeys filter, Chunks chunks) {
  Got got;
  const std::size_t step = chunks == Chunks::kBytes ? 1 : keys.size();
  for (std::size_t at = 0; at < keys.size(); at += step) {
    const auto typed = filter.filter(as_bytes(keys.substr(at, step)));
    got.text += typed.text;
    for (const Command command : typed.commands) got.commands += letter(command);
    if (got.commands.ends_with('.') || got.commands.ends_with('d')) break;
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
    for (const Chunks chunks : {Chunks::kWhole, Chunks::kBytes}) {
      const auto got = filter(keys, EscapeKeys(escape), chunks);
      EXPECT_EQ(got.text, text) << keys;
      EXPECT_EQ(got.commands, commands) << keys;
    }
  }
}

TEST(EscapeKeys, ALastingSessionHasTwoMore) {
  const Case cases[] = {
      {"~d", '~', "", "d"},  {"ls\r~drest", '~', "ls\r", "d"}, {"~w~wx", '~', "x", "ww"}, {"a~d", '~', "a~d", ""},
      {"~x", '~', "~x", ""},
  };
  for (const auto& [keys, escape, text, commands] : cases) {
    for (const Chunks chunks : {Chunks::kWhole, Chunks::kBytes}) {
      const auto got = filter(keys, EscapeKeys(escape, Sessions::kLast), chunks);
      EXPECT_EQ(got.text, text) << keys;
      EXPECT_EQ(got.commands, commands) << keys;
    }
  }
  EXPECT_EQ(filter("~d~w", EscapeKeys('~'), Chunks::kWhole).text, "~d~w");
  EXPECT_EQ(EscapeKeys('~').help().find("~d"), std::string::npos);
  EXPECT_NE(EscapeKeys('~', Sessions::kLast).help().find("~d"), std::string::npos);
}

}  // namespace
}  // namespace farpty::client
