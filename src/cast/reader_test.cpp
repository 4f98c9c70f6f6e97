#include "cast/reader.hpp"

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cast/writer.hpp"

namespace {

using namespace farpty;
using Kind = cast::Event::Kind;

struct Read {
  std::optional<cast::Header> header;
  std::vector<cast::Event> events;
  std::string error;  // empty: none
  bool broken_off = false;
};

Read read(std::string_view text, std::size_t piece = 1'000'000) {
  Read found;
  cast::Reader reader;
  while (true) {
    reader.feed(as_bytes(text.substr(0, piece)));
    text.remove_prefix(std::min(piece, text.size()));
    if (text.empty()) reader.end();
    while (true) {
      auto event = reader.next();
      if (!event) {
        found.error = event.error().message();
        return found;
      }
      if (!*event) break;
      found.events.push_back(std::move(**event));
    }
    if (text.empty()) break;
  }
  const auto header = reader.header();
  if (header && *header != nullptr) found.header = **header;
  found.broken_off = reader.broken_off();
  return found;
}

std::string happened(const Read& read) {
  std::string all;
  for (const auto& event : read.events) {
    if (event.kind == Kind::kResize)
      all += fmt::format("{}:r{}x{} ", event.at, event.size.columns, event.size.rows);
    else
      all += fmt::format("{}:{}{} ", event.at, event.kind == Kind::kInput ? 'i' : 'o', event.bytes);
  }
  return all;
}

const std::string kHead = "{\"version\": 2, \"width\": 80, \"height\": 24}\n";

// As asciinema 2.4 writes it, and 3.0 with `--output-format asciicast-v2`; made by hand after the published format, whose example it
// begins with.
std::string foreign() {
  std::ifstream file(CAST_GOLDEN, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Reader, ReadsWhatAsciinemaWrites) {
  for (const std::size_t piece : {std::size_t{1'000'000}, std::size_t{1}, std::size_t{7}}) {
    const Read found = read(foreign(), piece);
    EXPECT_EQ(found.error, "");
    ASSERT_TRUE(found.header);
    EXPECT_EQ(found.header->size, (WindowSize{.columns = 120, .rows = 40}));
    EXPECT_EQ(found.header->timestamp, 1504467315);
    EXPECT_EQ(found.header->title, "Demo");
    EXPECT_EQ(found.header->term, "xterm-256color");
    EXPECT_EQ(found.header->idle_limit, 1'500'000);
    // A time that goes back is the one before; a private character of a foreign recording is no byte.
    EXPECT_EQ(happened(found),
              "248848:o\x1b[1;31mHello \x1b[32mWorld!\x1b[0m\n "
              "1001376:oThat was ok\rThis is better. 1001376:i\x03 3500000:r80x24 "
              "143000000:ocaf\xc3\xa9 \xf0\x9f\x98\x80 \xf4\x8f\xbb\xa9 ");
    EXPECT_FALSE(found.broken_off);
  }
}

TEST(Reader, ReadsWhatWeWrite) {
  cast::Writer writer;
  std::string text = cast::Writer::header({.size = {.columns = 90, .rows = 30}, .title = "n", .command = "/bin/sh"});
  text += writer.output(5, as_bytes("caf\xe9 \xf4\x8f\xbb\xa9"));
  text += writer.input(6, as_bytes("\x1b[A"));
  text += writer.resized(7, {.columns = 100, .rows = 20});
  text += writer.output(8, as_bytes("\xe2"));
  text += writer.finish(9);
  const Read found = read(text, 3);
  EXPECT_EQ(found.error, "");
  EXPECT_EQ(happened(found), "5:ocaf\xe9 \xf4\x8f\xbb\xa9 6:i\x1b[A 7:r100x20 9:o\xe2 ");
  EXPECT_EQ(found.header->command, "/bin/sh");
}

TEST(Reader, HalfALineAtTheEndIsLeftOut) {
  const Read found = read(kHead + "[1, \"o\", \"a\"]\n[2, \"o\", \"b");
  EXPECT_EQ(found.error, "");
  EXPECT_EQ(happened(found), "1000000:oa ");
  EXPECT_TRUE(found.broken_off);
  const Read whole = read(kHead + "[1, \"o\", \"a\"]\n[2, \"o\", \"b\"]");  // only its newline is missing
  EXPECT_EQ(happened(whole), "1000000:oa 2000000:ob ");
  EXPECT_FALSE(whole.broken_off);
}

TEST(Reader, SaysWhatIsNoRecordingAndWhatToDo) {
  const auto error = [](std::string_view text) { return read(text).error; };
  EXPECT_EQ(error(""), "");
  EXPECT_FALSE(read("").header);
  EXPECT_THAT(
      error("{\n  \"version\": 1,\n"),
      testing::HasSubstr("line 1: it is no recording of a terminal (asciicast v2): its first line is no header"));
  EXPECT_THAT(error("{\"version\": 1, \"width\": 80, \"height\": 24, \"stdout\": [[1, \"a\"]]}"),
              testing::HasSubstr("version 1, and only version 2 is understood (asciinema convert"));
  EXPECT_THAT(error("{\"version\":3,\"term\":{\"cols\":80,\"rows\":24}}\n[0.1,\"o\",\"x\"]\n"),
              testing::HasSubstr("version 3, and only"));
  EXPECT_THAT(error("\x7f"
                    "ELF\x02\x01\x01\n"),
              testing::HasSubstr("no header"));
  EXPECT_THAT(error("[2, \"o\", \"x\"]\n"), testing::HasSubstr("no header"));
  EXPECT_THAT(error("{\"version\": 2}\n"), testing::HasSubstr("no size"));
  EXPECT_THAT(error("{\"version\": 2, \"width\": 0, \"height\": 24}\n"), testing::HasSubstr("no size"));
  EXPECT_THAT(error("{\"version\": 2, \"width\": 80.5, \"height\": 24}\n"), testing::HasSubstr("no size"));
}

TEST(Reader, NamesTheLineThatIsWrong) {
  for (const char* line :
       {"x", "[1, \"o\"]", "[\"1\", \"o\", \"a\"]", "[-1, \"o\", \"a\"]", "[1e300, \"o\", \"a\"]", "[1, 2, \"a\"]",
        "{\"0\": 1, \"1\": \"o\", \"2\": \"a\"}", "[1, \"o\", [\"a\"]]", "[1, \"r\", \"80\"]", "[1, \"r\", \"0x24\"]",
        "[1, \"r\", \"80x24x\"]", "[1, \"o\", \"\xff\"]", "[1, \"o\", \"\\ud800\"]", "[1, \"o\", \"a\"] x"}) {
    const Read found = read(kHead + "[0, \"o\", \"a\"]\n" + line + "\n");
    EXPECT_THAT(found.error, testing::HasSubstr("line 3: ")) << line;
    EXPECT_EQ(happened(found), "0:oa ");
  }
}

TEST(Reader, HasBounds) {
  const std::string open_head = kHead.substr(0, kHead.size() - 2);
  EXPECT_THAT(read(open_head + ", \"x\": " + std::string(100'000, '[') + "\n").error, testing::HasSubstr("no header"));
  std::string many;
  for (std::size_t i = 0; i < cast::kMaxValues; ++i) many += ",1";
  EXPECT_THAT(read(kHead + "[1, \"o\", \"a\"" + many + "]\n").error,
              testing::HasSubstr("line 2: it holds too many values"));
  EXPECT_THAT(read(kHead + "[1, \"o\", \"a\", " + std::string(100, '[') + "\n").error,
              testing::HasSubstr("line 2: it is nested too deeply"));
  cast::Reader reader;
  reader.feed(as_bytes(kHead));
  const std::string piece(1024 * 1024, 'x');
  std::string error;
  for (int i = 0; i < 17 && error.empty(); ++i) {
    reader.feed(as_bytes(piece));
    if (const auto event = reader.next(); !event) error = event.error().message();
  }
  EXPECT_THAT(error, testing::HasSubstr("line 2: it is longer than"));
}

}  // namespace
