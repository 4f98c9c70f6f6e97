// An authorized_keys file of any bytes: never a crash, each line is a key, a complaint or nothing, and no key comes in from
// a line whose options hold a word that we do not know.
#include "auth/authorized_keys.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/check.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace farpty::auth;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto zone = [](const CivilTime& time) { return std::optional(seconds_in_utc(time)); };
  const auto parsed = parse_authorized_keys(text, zone);
  const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n')) + 1;
  FARPTY_CHECK(parsed.keys.size() + parsed.complaints.size() <= lines);
  const auto here = IpAddress::parse("192.0.2.1");
  for (const AuthorizedKey& key : parsed.keys) {
    FARPTY_CHECK(key.line >= 1 && key.line <= lines);
    const auto grants = admit(parsed, key.key, here, 1'800'000'000);
    FARPTY_CHECK(!grants || !grants->expires || *grants->expires >= 1'800'000'000);
  }
  for (const Complaint& complaint : parsed.complaints) FARPTY_CHECK(!text_of(complaint, "FILE").empty());
  FARPTY_CHECK(!admit(parsed, PublicKey{.bytes = {std::byte{0x5a}}}, here, 0) ||
               std::ranges::any_of(parsed.keys, [](const auto& key) { return key.key.bytes[0] == std::byte{0x5a}; }));
  return 0;
}
