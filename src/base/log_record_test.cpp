#include "base/log_record.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace farpty::log {
namespace {

const Fields kFields = {
    {"session", 7}, {"program", "/bin/my shell"}, {"peer", "[::1]:50000"}, {"name", ""}, {"seconds", 12.5}};
const Record kRecord{.time = "2026-11-26T12:15:12.123Z",
                     .level = "info",
                     .event = "session-end",
                     .fields = &kFields,
                     .text = "session 7 ended"};

TEST(LogRecord, HasThreeForms) {
  EXPECT_EQ(line_of(kRecord, Format::kText), "farpty: session 7 ended");
  EXPECT_EQ(
      line_of(kRecord, Format::kLogfmt),
      "time=2026-11-26T12:15:12.123Z level=info event=session-end session=7 program=\"/bin/my shell\" peer=[::1]:50000 "
      "seconds=12.500 msg=\"session 7 ended\"");
  EXPECT_EQ(line_of(kRecord, Format::kJson),
            "{\"time\":\"2026-11-26T12:15:12.123Z\",\"level\":\"info\",\"event\":\"session-end\",\"session\":7,"
            "\"program\":\"/bin/my shell\",\"peer\":\"[::1]:50000\",\"seconds\":12.500,\"msg\":\"session 7 ended\"}");
  EXPECT_EQ(line_of({.time = "T", .level = "warning", .text = "x"}, Format::kLogfmt), "time=T level=warning msg=x");
}

TEST(LogRecord, NobodyForgesALineOrAField) {
  for (const std::string evil :
       {"x\nfarpty: session 9 ended", "x\r\n\x1b[2K", "x status=0", "x\" status=\"0", "x\\\" status=0", "\xff\xfe",
        "\xc2\x85 next", "\xe2\x80\xa8", "a=b", "\\", "\"", " "}) {
    const Fields fields = {{"program", evil}, {"status", 1}};
    const Record record{.time = "T", .level = "info", .event = "e", .fields = &fields, .text = evil};
    for (const Format format : {Format::kText, Format::kLogfmt, Format::kJson}) {
      const std::string line = line_of(record, format);
      for (const char c : line) EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) << line;
      EXPECT_EQ(line.find("\xc2\x85"), std::string::npos);
    }
    const auto json = nlohmann::json::parse(line_of(record, Format::kJson));
    EXPECT_EQ(json["status"], 1);
    EXPECT_EQ(json.size(), 6U);
    const std::string logfmt = line_of(record, Format::kLogfmt);
    // Between the quotes nothing ends them: the field behind stands where it belongs.
    EXPECT_TRUE(logfmt.starts_with("time=T level=info event=e program=\"")) << logfmt;
    const auto end = logfmt.find(" status=1 msg=\"");
    ASSERT_NE(end, std::string::npos) << logfmt;
    EXPECT_EQ("program=" + nlohmann::json(evil).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace),
              logfmt.substr(26, end - 26));
  }
}

TEST(LogRecord, TextKeepsWhatCanBeRead) {
  EXPECT_EQ(line_of({.text = "caf\xc3\xa9 \\x41 'a b'"}, Format::kText), "farpty: caf\xc3\xa9 \\x41 'a b'");
  EXPECT_EQ(line_of({.text = "a\n\x1b[m\xff\xc2\x9b"}, Format::kText), "farpty: a\\x0a\\x1b[m\\xff\\xc2\\x9b");
}

}  // namespace
}  // namespace farpty::log
