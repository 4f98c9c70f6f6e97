#include "session/byte_log.hpp"

#include <random>
#include <string>

#include <gtest/gtest.h>

namespace farpty::session {
namespace {

std::string read_from(ByteLog& log, std::uint64_t offset) {
  std::string text;
  while (offset < log.end()) {
    const Bytes part = log.at(offset);
    EXPECT_FALSE(part.empty());
    text += as_text(part);
    offset += part.size();
  }
  return text;
}

TEST(ByteLog, HoldsTheLastBytesAtTheirOffsets) {
  ByteLog log(10);
  EXPECT_EQ(log.room(), 10U);
  log.append(as_bytes("0123456"));
  EXPECT_EQ(log.room(), 3U);
  log.append(as_bytes("789abcd"));
  EXPECT_EQ(log.begin(), 4U);
  EXPECT_EQ(log.end(), 14U);
  EXPECT_EQ(read_from(log, 4), "456789abcd");
  EXPECT_EQ(read_from(log, 13), "d");
  EXPECT_TRUE(log.at(14).empty());
}

TEST(ByteLog, AnAppendLargerThanTheBoundLeavesItsEnd) {
  ByteLog log(100);
  log.append(as_bytes(std::string(200'000, 'x') + std::string(100, 'y')));
  EXPECT_EQ(log.begin(), 200'000U);
  EXPECT_EQ(read_from(log, log.begin()), std::string(100, 'y'));
}

TEST(ByteLog, HoldsNoMemoryWhenEmpty) {
  ByteLog log(1024 * 1024);
  log.append(as_bytes(std::string(500'000, 'x')));
  EXPECT_GE(log.memory(), 500'000U);
  log.forget_before(log.end());
  EXPECT_EQ(log.memory(), 0U);
  EXPECT_EQ(log.end(), 500'000U);
  log.forget_before(1);  // it does not come back
  EXPECT_EQ(log.begin(), 500'000U);
}

TEST(ByteLog, PackedItTakesLessAndYieldsTheSame) {
  std::string text;
  for (int i = 0; text.size() < 1'000'000; ++i) text += "line " + std::to_string(i) + " of some output\r\n";
  ByteLog log(4 * 1024 * 1024);
  log.append(as_bytes(text));
  log.pack();
  EXPECT_LT(log.memory(), text.size() / 3);
  log.append(as_bytes("more"));
  EXPECT_EQ(read_from(log, 70'000), text.substr(70'000) + "more");
  log.pack();
  EXPECT_EQ(read_from(log, 0), text + "more");
}

// Against a plain string: appends, forgetting, packing and reading in any order.
TEST(ByteLog, IsAWindowOverTheStream) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto up_to = [&](std::size_t most) { return std::uniform_int_distribution<std::size_t>(0, most)(random); };
  constexpr std::size_t kBound = 300'000;
  ByteLog log(kBound);
  std::string stream;
  std::uint64_t begin = 0;
  for (int i = 0; i < 300; ++i) {
    const std::string part(up_to(up_to(3) == 0 ? 100'000 : 5000), static_cast<char>('a' + i % 26));
    log.append(as_bytes(part));
    stream += part;
    if (stream.size() - begin > kBound) begin = stream.size() - kBound;
    if (up_to(9) == 0) {
      begin += up_to(stream.size() - begin);
      log.forget_before(begin);
    }
    if (up_to(4) == 0) log.pack();
    ASSERT_EQ(log.begin(), begin);
    ASSERT_EQ(log.end(), stream.size());
    if (up_to(4) == 0) {
      const std::uint64_t from = begin + up_to(stream.size() - begin);
      ASSERT_EQ(read_from(log, from), stream.substr(from));
    }
  }
}

}  // namespace
}  // namespace farpty::session
