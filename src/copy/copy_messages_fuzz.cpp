// A copy's messages of any bytes: never a crash, and what is understood is within its bounds and says the same when it is
// written and read again.
#include "copy/messages.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/check.hpp"
#include "copy/place.hpp"
#include "copy/safe_path.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace farpty;
  Bytes rest = std::as_bytes(std::span(data, size));
  (void)copy::parse_place(as_text(rest));
  while (rest.size() >= copy::kHeaderSize) {
    const auto header = copy::decode_header(rest.first<copy::kHeaderSize>());
    if (!header || rest.size() - copy::kHeaderSize < header->size) break;
    const auto message = copy::decode(header->kind, rest.subspan(copy::kHeaderSize, header->size));
    rest = rest.subspan(copy::kHeaderSize + header->size);
    if (!message) break;
    if (const auto* entry = std::get_if<copy::Entry>(&*message)) FARPTY_CHECK(copy::is_safe_path(entry->path));
    std::vector<std::byte> once, twice;
    copy::append(*message, once);
    const auto again = copy::decode(header->kind, Bytes(once).subspan(copy::kHeaderSize));
    FARPTY_CHECK(again && again->index() == message->index());
    copy::append(*again, twice);
    FARPTY_CHECK(std::ranges::equal(once, twice));
  }
  return 0;
}
