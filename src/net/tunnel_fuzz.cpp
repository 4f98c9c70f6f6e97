// The proxy's answer, and what the environment says of a proxy: whatever they are, they are understood or refused.
#include "net/tunnel.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace farpty::net;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static const Url target{.protocol = Protocol::kFarpty, .host = "desk", .port = 7022};
  static const auto tunnel = Tunnel::find(target, {.proxy = "http://proxy:3128", .except = {}});
  (void)(*tunnel)->understand(text);
  const auto found = Tunnel::find(target, {.proxy = std::string(text), .except = std::string(text.substr(size / 2))});
  if (found && *found) (void)(*found)->request();
  return 0;
}
