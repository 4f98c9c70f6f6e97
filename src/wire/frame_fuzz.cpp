// Fuzz target: a stream of frames gives the same frames however it is divided; the first byte says how.
#include "wire/frame.hpp"

#include <cstdlib>

namespace {

using namespace farpty;

// What a stream is cut into, one string of bytes; ends with '!' where it was refused.
std::vector<std::byte> cut(Bytes stream, std::size_t piece) {
  std::vector<std::byte> seen;
  wire::Splitter splitter;
  while (!stream.empty()) {
    splitter.feed(stream.first(std::min(piece, stream.size())));
    while (true) {
      const auto frame = splitter.next();
      if (!frame) {
        seen.push_back(std::byte{'!'});
        return seen;
      }
      if (!*frame) break;
      wire::append_frame((*frame)->type, (*frame)->channel, (*frame)->payload, seen);
    }
    stream = stream.subspan(std::min(piece, stream.size()));
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Bytes stream = std::as_bytes(std::span(data, size)).subspan(1);
  const auto whole = cut(stream, stream.size() + 1);
  if (cut(stream, data[0] % 16 + 1) != whole) std::abort();
  // What was cut out is what came in.
  const std::size_t same = whole.size() - (!whole.empty() && whole.size() > stream.size() ? 1 : 0);
  for (std::size_t i = 0; i + 1 < same; ++i)
    if (whole[i] != stream[i]) std::abort();
  return 0;
}
