// What comes over a control socket, read as a request and as an answer: never a crash, and what is understood is written in
// a form that is understood again.
#include "control/messages.hpp"

#include <cstddef>
#include <cstdint>

#include "base/check.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace farpty::control;
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  if (const auto request = decode_request(line)) {
    const auto again = decode_request(encode(*request));
    FARPTY_CHECK(again && again->index() == request->index());
  }
  if (const auto server = decode_server(line)) {
    const std::string text = encode(*server);
    const auto again = decode_server(text);
    FARPTY_CHECK(again && encode(*again) == text);
  }
  (void)decode_killed(line);
  return 0;
}
