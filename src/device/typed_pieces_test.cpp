#include "device/typed_pieces.hpp"

#include <random>
#include <string>

#include <gtest/gtest.h>

#include "tty/flip_queue.hpp"

namespace farpty::device {

namespace {

// The queue that is held to the kernel's cuts writes in the same places, as long as its limit does not come in.
TEST(TypedPieces, are_those_of_the_kernels_queue) {
  std::mt19937 random(1);
  tty::FlipQueue queue;
  TypedPieces pieces;
  const std::string text(tty::FlipBlock::kLargestWrite, 'x');
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  for (int i = 0; i < 20'000; ++i) {
    const std::size_t size = 1 + random() % (random() % 2 == 0 ? 60 : text.size());
    ASSERT_EQ(queue.write(bytes, size, tty::FlipQueue::Reader::kAtWork), size);
    pieces.add(size);
    ASSERT_EQ(pieces.size(), queue.size());
    if (random() % 8 == 0) {
      queue.clear();
      pieces.clear();
    }
    while (queue.size() > 2000 || (random() % 4 != 0 && !queue.empty())) {
      const std::size_t piece = queue.front().size;
      ASSERT_EQ(pieces.first(), piece) << "write " << i;
      const std::size_t taken = random() % 4 != 0 ? piece : 1 + random() % piece;
      queue.take(taken);
      pieces.take(taken);
    }
  }
}

TEST(TypedPieces, more_than_a_piece_can_be_taken_at_once) {
  TypedPieces pieces;
  pieces.add(1570);
  pieces.add(2040);
  pieces.add(2000);
  EXPECT_EQ(pieces.first(), 1570U + 1792U);
  pieces.take(1570 + 1792 + 8);
  EXPECT_EQ(pieces.first(), 240U);
  pieces.take(240);
  EXPECT_EQ(pieces.first(), 2000U);
  EXPECT_EQ(pieces.size(), 2000U);
}

}  // namespace

}  // namespace farpty::device
