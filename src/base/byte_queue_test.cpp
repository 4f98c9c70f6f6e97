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

}  // namespace

}  // namespace farpty
