// A known_hosts file of any bytes: never a crash, and whatever stands there, a host that was pinned is known afterwards
// unless its key was revoked or it had another one.
#include "auth/known_hosts.hpp"

#include <cstddef>
#include <cstdint>

#include "base/check.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace farpty::auth;
  using Verdict = KnownHosts::Verdict;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const HostName far{.host = "far", .port = 7022};
  const PublicKey key{.bytes = {std::byte{7}}};
  const auto before = KnownHosts::parse(text).look_up(far, key);
  const auto after = KnownHosts::parse(with_known_host(text, far, key)).look_up(far, key);
  FARPTY_CHECK(after.verdict == (before.verdict == Verdict::kRevoked ? Verdict::kRevoked : Verdict::kKnown));
  if (before.verdict == Verdict::kChanged || before.verdict == Verdict::kRevoked)
    FARPTY_CHECK(before.line >= 1 && !refused_host_key(before, far, key, "FILE").message().empty());
  return 0;
}
