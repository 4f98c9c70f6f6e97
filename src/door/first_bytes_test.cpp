#include "door/first_bytes.hpp"

#include <gtest/gtest.h>

namespace farpty::door {
namespace {

Verdict whole(std::string_view text) { return FirstBytes().look(as_bytes(text)); }

Verdict byte_by_byte(std::string_view text) {
  FirstBytes first;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (const auto verdict = first.look(as_bytes(text.substr(i, 1))); verdict != Verdict::kFine) return verdict;
  return Verdict::kFine;
}

TEST(FirstBytes, WebPagesAndTlsAreSeenHoweverTheyArrive) {
  const std::string_view http[] = {
      "POST / HTTP/1.1\r\nHost: x\r\n\r\nid\n", "GET /x HTTP/1.0\r\n",        "OPTIONS * HTTP/1.1\r\n",
      "CONNECT 127.0.0.1:7 HTTP/1.1\r\n",       "GET http://x/ HTTP/1.1\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"};
  for (const auto text : http) {
    EXPECT_EQ(whole(text), Verdict::kHttp) << text;
    EXPECT_EQ(byte_by_byte(text), Verdict::kHttp) << text;
  }
  const std::string_view hello("\x16\x03\x01\x02\x00", 5);
  EXPECT_EQ(whole(hello), Verdict::kTls);
  EXPECT_EQ(byte_by_byte(hello), Verdict::kTls);
}

TEST(FirstBytes, PeopleAreNot) {
  const std::string_view typed[] = {"ls\n", "GETFACL=1\n", "get /x\n",  "echo POST / HTTP/1.1\n",
                                    "\x16", "P",           "HEAD\n/\n", "\xff\xfb\x18\xff\xfb\x1f"};
  for (const auto text : typed) {
    EXPECT_EQ(whole(text), Verdict::kFine) << text;
    EXPECT_EQ(byte_by_byte(text), Verdict::kFine) << text;
  }
}

TEST(FirstBytes, OnlyTheBeginningCounts) {
  EXPECT_EQ(byte_by_byte("ls -la /usr/share/doc\nGET / HTTP/1.1\r\n"), Verdict::kFine);
  EXPECT_EQ(byte_by_byte("ls\nGET / HTTP/1.1\r\n"), Verdict::kFine);
}

}  // namespace
}  // namespace farpty::door
