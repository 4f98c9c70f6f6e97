// A private key's file of any bytes, in its armour and without: never a crash, and what is accepted comes back the same
// when it is written and read again.
#include "auth/key_file.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

#include "auth/base64.hpp"
#include "base/check.hpp"

namespace {

void check(farpty::Bytes text) {
  using namespace farpty::auth;
  const auto parsed = parse_private_key(text, "FILE");
  if (!parsed) {
    FARPTY_CHECK(!parsed.error().message().empty());
    return;
  }
  const auto again = parse_private_key(private_key_text(parsed->key, parsed->comment, 1), "FILE");
  FARPTY_CHECK(again && again->key.public_key() == parsed->key.public_key() && again->comment == parsed->comment);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace farpty;
  const Bytes bytes = std::as_bytes(std::span(data, size));
  check(bytes);
  // The same as what the armour holds, or no change of a byte would ever get past base64.
  check(as_bytes("-----BEGIN OPENSSH PRIVATE KEY-----\n" + auth::encode_base64(bytes) +
                 "\n-----END OPENSSH PRIVATE KEY-----\n"));
  const auto key = auth::parse_key_word(as_text(bytes));
  FARPTY_CHECK(!key || auth::public_key_line(*key, "") == "ssh-ed25519 " + std::string(as_text(bytes)) + "\n");
  return 0;
}
