#include "cast/text.hpp"

#include <random>

#include <gtest/gtest.h>

#include "base/utf8.hpp"

namespace {

using namespace farpty;

std::string text_of(std::string_view bytes, std::size_t piece) {
  cast::TextMaker maker;
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += piece) text += maker.add(as_bytes(bytes.substr(at, piece)));
  return text + maker.rest();
}

TEST(Text, CharactersStayAndOtherBytesBecomePrivateOnes) {
  EXPECT_EQ(text_of("plain \x1b[1m\xc3\xa9\xf0\x9f\x98\x80", 100), "plain \x1b[1m\xc3\xa9\xf0\x9f\x98\x80");
  // Latin-1, as the file's documentation shows it: 0xe9 is U+10FEE9.
  EXPECT_EQ(text_of("caf\xe9!", 100), "caf\xf4\x8f\xbb\xa9!");
}

TEST(Text, ACharacterThatIsCutComesWhole) {
  cast::TextMaker maker;
  EXPECT_EQ(maker.add(as_bytes("a\xe2")), "a");
  EXPECT_EQ(maker.add(as_bytes("\x82")), "");
  EXPECT_EQ(maker.add(as_bytes("\xac")), "\xe2\x82\xac");
  EXPECT_EQ(maker.add(as_bytes("\xf0\x9f")), "");
  EXPECT_EQ(maker.rest(), "\xf4\x8f\xbb\xb0\xf4\x8f\xba\x9f");
  EXPECT_EQ(maker.rest(), "");
}

TEST(Text, TheCharactersOfTheRuleAreTakenAsBytes) {
  const std::string own = "\xf4\x8f\xbb\xa9";  // U+10FEE9, sent by a program
  EXPECT_EQ(text_of(own, 100), "\xf4\x8f\xbb\xb4\xf4\x8f\xba\x8f\xf4\x8f\xba\xbb\xf4\x8f\xba\xa9");
  EXPECT_EQ(cast::bytes_of(text_of(own, 100)), own);
  EXPECT_EQ(text_of("\xf4\x8f\xb9\xbf\xf4\x8f\xbc\x80", 100),
            "\xf4\x8f\xb9\xbf\xf4\x8f\xbc\x80");  // its neighbours stay
}

TEST(Text, EveryByteComesBackHoweverTheStreamIsCut) {
  // Pieces of characters of all lengths, the rule's own among them, with what breaks them.
  constexpr std::string_view kPieces[] = {"a",    "\xc3",         "\xa9", "\xe2\x82",
                                          "\xac", "\xf4\x8f\xba", "\x80", "\xf4\x8f\xbb\xbf",
                                          "\xff", "\xed\xa0\x80", "\0"};
  const unsigned seed = std::random_device{}();
  RecordProperty("seed", static_cast<int>(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes;
    while (bytes.size() < 40) bytes += kPieces[random() % std::size(kPieces)];
    for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{5}, std::size_t{100}}) {
      const std::string text = text_of(bytes, piece);
      ASSERT_TRUE(utf8::is_valid(text)) << "seed " << seed;
      ASSERT_EQ(cast::bytes_of(text), bytes) << "seed " << seed;
      ASSERT_EQ(text, text_of(bytes, 100)) << "seed " << seed;
    }
  }
}

}  // namespace
