// Fuzz target: a recording gives the same events however it is divided (the first byte says how); and any bytes, recorded in
// such pieces, come back as they were.
#include "cast/reader.hpp"

#include <cstdint>
#include <span>

#include "base/check.hpp"
#include "cast/writer.hpp"

namespace {

using namespace farpty;

std::string seen(Bytes text, std::size_t piece) {
  std::string all;
  cast::Reader reader;
  while (true) {
    reader.feed(text.first(std::min(piece, text.size())));
    text = text.subspan(std::min(piece, text.size()));
    if (text.empty()) reader.end();
    while (true) {
      const auto event = reader.next();
      if (!event) return all + "!" + event.error().message();
      if (!*event) break;
      const auto& one = **event;
      FARPTY_CHECK(one.at >= 0 && one.at <= cast::kLongest);
      all += std::to_string(static_cast<int>(one.kind)) + "@" + std::to_string(one.at) + ":" + one.bytes + "\n";
    }
    if (text.empty()) return all + (reader.broken_off() ? "~" : ".");
  }
}

std::string recorded(Bytes bytes, std::size_t piece) {
  cast::Writer writer;
  std::string text = cast::Writer::header({});
  for (; !bytes.empty(); bytes = bytes.subspan(std::min(piece, bytes.size())))
    text += writer.output(1, bytes.first(std::min(piece, bytes.size())));
  return text + writer.finish(2);
}

std::string played(std::string_view text) {
  cast::Reader reader;
  reader.feed(as_bytes(text));
  reader.end();
  std::string bytes;
  while (true) {
    const auto event = reader.next();
    FARPTY_CHECK(event.has_value());
    if (!*event) return bytes;
    bytes += (*event)->bytes;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t piece = data[0] % 16U + 1;
  const Bytes bytes = std::as_bytes(std::span(data, size)).subspan(1);
  FARPTY_CHECK(seen(bytes, piece) == seen(bytes, bytes.size() + 1));
  FARPTY_CHECK(played(recorded(bytes, piece)) == as_text(bytes));
  return 0;
}
