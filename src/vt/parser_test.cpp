#include "vt/parser.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <fmt/format.h>

#include "vt/cells.hpp"

namespace farpty::vt {
namespace {

// What comes out of a parser, as words: text in quotes, then "^N", "ESC...", "CSI...", "OSC ...".
class Words final : public Sink {
 public:
  std::string words;

  void on_text(std::u32string_view text) override {
    if (!words.ends_with('"') || words.size() < 2)
      words += '"';
    else
      words.pop_back();
    for (const char32_t character : text) append_utf8(words, character);
    words += '"';
  }
  void on_control(char control) override { words += fmt::format("^{}", static_cast<int>(control)); }
  void on_escape(const Escape& escape) override {
    words += "ESC";
    for (const char c : escape.intermediates)
      if (c != 0) words += c;
    words += escape.final;
  }
  void on_csi(const Csi& csi) override {
    words += "CSI";
    if (csi.prefix != 0) words += csi.prefix;
    for (std::size_t i = 0; i < csi.count; ++i)
      words += fmt::format("{}{}", i == 0 ? "" : csi.parameters[i].sub ? ":" : ";", csi.parameters[i].value);
    for (const char c : csi.intermediates)
      if (c != 0) words += c;
    words += csi.final;
  }
  void on_osc(std::string_view text) override { words += fmt::format("OSC({})", text); }
  void on_single_shift(int set, char32_t character) override {
    words += fmt::format("SS{}", set);
    append_utf8(words, character);
  }
};

std::string parsed(std::string_view stream) {
  Words words;
  Parser parser;
  parser.feed(as_bytes(stream), words);
  return words.words;
}

struct Sample {
  std::string_view stream, words;
};

using namespace std::string_view_literals;
constexpr Sample kSamples[] = {
    {"ab\r\nc", "\"ab\"^13^10\"c\""},
    {"\x1b[m", "CSIm"},
    {"\x1b[1;;3H", "CSI1;-1;3H"},
    {"\x1b[4:3m", "CSI4:3m"},
    {"\x1b[?25h", "CSI?25h"},
    {"\x1b[2 q", "CSI2 q"},
    {"\x1b[!p", "CSI!p"},
    {"\x1b[99999999999m", "CSI65535m"},
    {"\x1b[1?2h!", "\"!\""},      // a prefix in the middle
    {"\x1b[3\n1m", "^10CSI31m"},  // a control acts at once
    {"\x1b[3\x18z", "\"z\""},     // CAN
    {"\x1b[3\x1b[1m", "CSI1m"},   // ESC begins anew
    {"\x1b(0\x1b)B\x1b%G", "ESC(0ESC)BESC%G"},
    {"\x1b]0;a title\x07x", "OSC(0;a title)\"x\""},
    {"\x1b]0;a title\x1b\\x", "OSC(0;a title)\"x\""},
    {"\x1b]0;a title\x1b[1mx", "CSI1m\"x\""},  // not ended as it should be
    {"\x1bP1$r0m\x1b\\x", "\"x\""},
    {"\x1b_kitty\x1b\\x", "\"x\""},
    {"\x1bNa\x1bOb", "SS2aSS3b"},
    {"a\0b\x7f"sv, "\"ab\""},
    {"\xc3\xa4\xe6\x97\xa5\xf0\x9f\x98\x80", "\"\xc3\xa4\xe6\x97\xa5\xf0\x9f\x98\x80\""},
    {"\xff", "\"\xef\xbf\xbd\""},
    {"\xc3(", "\"\xef\xbf\xbd(\""},
    {"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},  // a surrogate
    {"\xc0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\""},                  // overlong
    {"\xe6\x97\x1b[m", "\"\xef\xbf\xbd\"CSIm"},
};

TEST(Parser, SplitsAStream) {
  for (const auto& [stream, words] : kSamples) EXPECT_EQ(parsed(stream), words) << fmt::format("{:?}", stream);
}

// The invariant on which every snapshot rests.
TEST(Parser, CanBeCutAnywhere) {
  for (const auto& [stream, words] : kSamples) {
    for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
      Words heard;
      Parser before, after;
      before.feed(as_bytes(stream.substr(0, cut)), heard);
      after.feed(as_bytes(before.partial()), heard);
      after.feed(as_bytes(stream.substr(cut)), heard);
      EXPECT_EQ(heard.words, words) << fmt::format("{:?} at {}", stream, cut);
    }
  }
}

// libvterm 0.1.4 obeys them, and most terminals do not.
TEST(Parser, C1ControlsAreNothing) {
  EXPECT_EQ(parsed("\xc2\x9b"
                   "2J"),
            "\"2J\"");
  EXPECT_EQ(parsed("\xc2\x85\xc2\x90x"), "\"x\"");
  EXPECT_EQ(parsed("\x9b"
                   "2J"),
            "\"\xef\xbf\xbd"
            "2J\"");
}

TEST(Parser, ASequenceWithTooManyParametersIsIgnored) {
  std::string many = "\x1b[1";
  for (std::size_t i = 1; i < kMaxParameters; ++i) many += ";1";
  EXPECT_NE(parsed(many + "m"), "");
  EXPECT_EQ(parsed(many + ";1m"), "");
  EXPECT_EQ(parsed(many + ";1mx"), "\"x\"");
}

TEST(Parser, HoldsNoMoreThanItsBoundOfAnything) {
  for (const std::string_view begin : {"\x1b]0;", "\x1bP", "\x1b_", "\x1b[", "\x1b[?", "\x1b(", "\x1b[1 ", "\x1b]"}) {
    Words words;
    Parser parser;
    parser.feed(as_bytes(begin), words);
    const std::string much(100'000, begin.back() == '(' || begin.back() == ' ' ? '!' : '1');
    for (std::size_t at = 0; at < much.size(); at += 1000) {
      parser.feed(as_bytes(std::string_view(much).substr(at, 1000)), words);
      ASSERT_LE(parser.partial().size(), kMaxPartial);
    }
    // And what holds it can be cut there, too.
    Parser after;
    after.feed(as_bytes(parser.partial()), words);
    after.feed(as_bytes("\x1b\\ok"), words);
    EXPECT_TRUE(words.words.ends_with("\"ok\"")) << fmt::format("{:?}: {}", begin, words.words.substr(0, 80));
  }
}

}  // namespace
}  // namespace farpty::vt
