#include "wire/frame.hpp"

#include <gtest/gtest.h>

#include <string>

namespace farpty::wire {
namespace {

std::vector<std::byte> bytes_of(std::string_view text) {
  const Bytes bytes = as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

// All frames of a stream as "type:payload", then "!" where it was refused.
std::vector<std::string> cut(Bytes stream, std::size_t piece) {
  std::vector<std::string> found;
  Splitter splitter;
  while (!stream.empty()) {
    const std::size_t size = std::min(piece, stream.size());
    const std::vector<std::byte> copy(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(size));
    splitter.feed(copy);
    stream = stream.subspan(size);
    while (true) {
      const auto frame = splitter.next();
      if (!frame) {
        found.emplace_back("!");
        return found;
      }
      if (!*frame) break;
      found.push_back(std::string(name_of((*frame)->type)) + ":" + std::string(as_text((*frame)->payload)));
    }
  }
  if (splitter.in_the_middle()) found.emplace_back("...");
  return found;
}

TEST(Frame, IsAHeaderOfFourBytesAndItsPayload) {
  std::vector<std::byte> out;
  append_frame(Type::kData, Channel::kErrors, as_bytes("ab"), out);
  EXPECT_EQ(as_text(out), std::string_view("\x00\x02\x05\x02"
                                           "ab",
                                           6));
}

TEST(Splitter, CutsAStreamHoweverItIsDivided) {
  std::vector<std::byte> stream;
  append_frame(Type::kData, Channel::kInput, as_bytes("hello"), stream);
  append_frame(Type::kBye, Channel::kNone, {}, stream);
  const std::vector<std::byte> long_one(kMaxPayload, std::byte{'x'});
  append_frame(Type::kScreen, Channel::kNone, long_one, stream);
  append_frame(Type::kPing, Channel::kNone, as_bytes("12345678"), stream);
  const std::vector<std::string> wanted = {"data:hello", "bye:", "screen:" + std::string(kMaxPayload, 'x'),
                                           "ping:12345678"};
  for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{5}, std::size_t{7},
                                  std::size_t{1000}, stream.size()})
    EXPECT_EQ(cut(stream, piece), wanted) << piece;
}

TEST(Splitter, HoldsOneIncompleteFrame) {
  EXPECT_EQ(cut(bytes_of(std::string_view("\x00\x05\x05\x00hel", 7)), 2), std::vector<std::string>{"..."});
}

TEST(Splitter, RefusesWhatIsNoFrameAtItsHeader) {
  // A type that does not exist, a stream's frame on no stream, a control message on one.
  for (const std::string_view header :
       {std::string_view("\xff\xff\x00\xff", 4), std::string_view("\xff\xff\x1b\xff", 4),
        std::string_view("\xff\xff\x05\xff", 4), std::string_view("\xff\xff\x05\x03", 4),
        std::string_view("\xff\xff\x01\x00", 4)}) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{4}})
      EXPECT_EQ(cut(bytes_of(header), piece), std::vector<std::string>{"!"});
  }
}

TEST(Frame, NamesEveryType) {
  for (std::uint8_t i = 1; i <= kLastType; ++i) EXPECT_FALSE(name_of(static_cast<Type>(i)).empty()) << int{i};
}

}  // namespace
}  // namespace farpty::wire
