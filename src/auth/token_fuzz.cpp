// A token, a PSK identity and a ticket's identity of any bytes: never a crash, and what is accepted has one spelling.
#include "auth/token.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "auth/admission.hpp"
#include "base/check.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace farpty;
  const Bytes bytes = std::as_bytes(std::span(data, size));
  if (const auto token = auth::parse_token(as_text(bytes)))
    FARPTY_CHECK(as_text(auth::token_text(*token)) == as_text(bytes));
  if (const auto id = auth::InvitationId::parse_psk_identity(bytes)) FARPTY_CHECK(id->psk_identity() == as_text(bytes));
  if (const auto identity = auth::decode_identity(bytes)) {
    const auto again = auth::encode_identity(*identity);
    FARPTY_CHECK(std::ranges::equal(again, bytes));
  }
  return 0;
}
