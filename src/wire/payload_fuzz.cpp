// Fuzz target: any payload of any type (the first byte) is refused or is a message that comes back from its own bytes.
#include <algorithm>
#include <cstdlib>

#include "wire/messages.hpp"

namespace {

using namespace farpty;

wire::Channel channel_of(wire::Type type) {
  return wire::has_channel(type) ? wire::Channel::kOutput : wire::Channel::kNone;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > wire::kMaxPayload) return 0;
  const auto type = static_cast<wire::Type>(data[0] % wire::kLastType + 1);
  const Bytes payload = std::as_bytes(std::span(data, size)).subspan(1);
  const auto message = wire::decode({.type = type, .channel = channel_of(type), .payload = payload});
  if (!message) {
    if (message.error().message().empty()) std::abort();
    return 0;
  }
  std::vector<std::byte> first, second;
  wire::encode(*message, first);
  wire::Splitter splitter;
  splitter.feed(first);
  const auto frame = splitter.next();
  if (!frame || !*frame) std::abort();
  const auto again = wire::decode(**frame);
  if (!again) std::abort();
  wire::encode(*again, second);
  if (first != second) std::abort();
  return 0;
}
