#include "base/utf8.hpp"

#include <gtest/gtest.h>

namespace {

using namespace farpty;
using utf8::Head;

TEST(Utf8, EveryCharacterIsFoundAgainAndEveryBeginningOfItIsCut) {
  for (char32_t character = 0; character <= 0x10ffff; character += character < 0x3000 ? 1 : 37) {
    if (character >= 0xd800 && character < 0xe000) continue;
    std::string text;
    utf8::append(character, text);
    const auto found = utf8::look(text + "x");
    ASSERT_EQ(found.head, Head::kCharacter) << std::hex << static_cast<unsigned>(character);
    ASSERT_EQ(found.character, character);
    ASSERT_EQ(found.length, text.size());
    for (std::size_t cut = 1; cut < text.size(); ++cut) {
      ASSERT_EQ(utf8::look(text.substr(0, cut)).head, Head::kCut);
      ASSERT_EQ(utf8::look(text.substr(0, cut) + "x").head, Head::kWrong);
    }
  }
}

TEST(Utf8, WhatIsNotWellFormedIsWrong) {
  // RFC 3629, 4: lone continuations, overlong forms, surrogates, beyond U+10FFFF, bytes that never occur.
  for (const char* text :
       {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf",
        "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xfe", "\xff"}) {
    EXPECT_EQ(utf8::look(text).head, Head::kWrong) << text;
    EXPECT_FALSE(utf8::is_valid(text));
  }
  EXPECT_TRUE(utf8::is_valid("a \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"));
  EXPECT_FALSE(utf8::is_valid("a \xe2\x82"));
}

}  // namespace
