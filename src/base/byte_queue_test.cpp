#include "base/byte_queue.hpp"

#include <string>

#include <gtest/gtest.h>

namespace farpty {

namespace {

std::string content(const ByteQueue& queue) { return std::string(as_text(queue.front())); }

TEST(ByteQueueTest, truncating_keeps_the_oldest) {
  ByteQueue queue(10);
  ASSERT_TRUE(queue.push(as_bytes("abcdef")));
  queue.pop(2);
  queue.truncate(3);
  EXPECT_EQ(content(queue), "cde");
  queue.truncate(5);
  EXPECT_EQ(content(queue), "cde");
  EXPECT_EQ(queue.room(), 7U);
  ASSERT_TRUE(queue.push(as_bytes("XYZ")));
  EXPECT_EQ(content(queue), "cdeXYZ");
  queue.truncate(0);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.room(), 10U);
}

// A queue with much in it that is filled and emptied in small pieces: what waits must not be moved for each of them.
TEST(ByteQueueTest, a_long_queue_moves_seldom) {
  constexpr std::size_t kLong = 1 << 16, kPiece = 64, kPieces = 4096;
  ByteQueue queue(2 * kLong);
  std::string expected(kLong, 'a');
  ASSERT_TRUE(queue.push(as_bytes(expected)));
  std::size_t moves = 0;
  for (std::size_t i = 0; i < kPieces; ++i) {
    const std::string piece(kPiece, static_cast<char>('a' + i % 26));
    queue.pop(kPiece);
    const std::byte* const before = queue.front().data();
    ASSERT_TRUE(queue.push(as_bytes(piece)));
    expected += piece;
    if (queue.front().data() != before) ++moves;
  }
  EXPECT_EQ(content(queue), expected.substr(kPieces * kPiece));
  EXPECT_LE(moves, kPieces * kPiece / kLong + 1);
}

}  // namespace

}  // namespace farpty
