#include "cast/writer.hpp"

#include <gtest/gtest.h>

namespace {

using namespace farpty;

TEST(Writer, WritesWhatTheFormatSays) {
  const cast::Header header{.size = {.columns = 100, .rows = 30},
                            .timestamp = 1790000000,
                            .title = "work",
                            .command = "/bin/bash",
                            .term = "xterm-256color"};
  EXPECT_EQ(cast::Writer::header(header),
            R"({"version":2,"width":100,"height":30,"timestamp":1790000000,"title":"work","command":"/bin/bash",)"
            R"("env":{"TERM":"xterm-256color"},"farpty":{"bytes":1113600}})"
            "\n");
  cast::Writer writer;
  EXPECT_EQ(writer.output(1, as_bytes("$ \x1b[1m\"\\\r\n\t\x7f")),
            "[0.000001, \"o\", \"$ \\u001b[1m\\\"\\\\\\r\\n\\t\x7f\"]\n");
  EXPECT_EQ(writer.input(61'500'000, as_bytes("\x03")), "[61.500000, \"i\", \"\\u0003\"]\n");
  EXPECT_EQ(writer.resized(3'600'000'000, {.columns = 80, .rows = 24}), "[3600.000000, \"r\", \"80x24\"]\n");
  EXPECT_EQ(writer.finish(3'600'000'000), "");
}

TEST(Writer, ACutCharacterWaitsForItsRestOrForWhatComesInBetween) {
  cast::Writer writer;
  EXPECT_EQ(writer.output(1'000'000, as_bytes("\xe2\x82")), "");
  EXPECT_EQ(writer.input(1'500'000, as_bytes("x")), "[1.500000, \"i\", \"x\"]\n");  // another stream
  EXPECT_EQ(writer.output(2'000'000, as_bytes("\xac")), "[2.000000, \"o\", \"\xe2\x82\xac\"]\n");
  EXPECT_EQ(writer.output(3'000'000, as_bytes("\xe2")), "");
  EXPECT_EQ(writer.resized(4'000'000, {.columns = 80, .rows = 24}),
            "[4.000000, \"o\", \"\xf4\x8f\xbb\xa2\"]\n[4.000000, \"r\", \"80x24\"]\n");
  EXPECT_EQ(writer.output(5'000'000, as_bytes("\xe2")), "");
  EXPECT_EQ(writer.finish(6'000'000), "[6.000000, \"o\", \"\xf4\x8f\xbb\xa2\"]\n");
}

TEST(Writer, AHeaderIsJsonWhateverTheNamesAre) {
  EXPECT_EQ(cast::Writer::header({.title = "\"\xff\n", .command = ""}),
            "{\"version\":2,\"width\":80,\"height\":24,\"title\":\"\\\"\xf4\x8f\xbb\xbf\\n\",\"farpty\":{\"bytes\":"
            "1113600}}\n");
}

}  // namespace
