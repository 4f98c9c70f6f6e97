// The few data types of SSH's wire format that keys are stored in (RFC 4251, 5): uint32 and string. Not the protocol.
//
// Invariant: reading never goes past the end; what does not fit is std::nullopt.
#pragma once

#include <cstdint>
#include <optional>

#include "auth/secret.hpp"
#include "base/bytes.hpp"

namespace farpty::auth {

class SshReader {
 public:
  explicit SshReader(Bytes bytes) : rest_(bytes) {}

  [[nodiscard]] std::optional<Bytes> take(std::size_t count) {
    if (count > rest_.size()) return std::nullopt;
    const Bytes taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }
  [[nodiscard]] std::optional<std::uint32_t> uint32() {
    const auto bytes = take(4);
    if (!bytes) return std::nullopt;
    std::uint32_t value = 0;
    for (const std::byte byte : *bytes) value = (value << 8) | std::to_integer<std::uint32_t>(byte);
    return value;
  }
  [[nodiscard]] std::optional<Bytes> string() {
    const auto size = uint32();
    return size ? take(*size) : std::nullopt;
  }
  [[nodiscard]] Bytes rest() const { return rest_; }

 private:
  Bytes rest_;
};

template <typename Buffer>
void write_uint32(Buffer& to, std::size_t value) {
  for (const int shift : {24, 16, 8, 0}) to.push_back(static_cast<std::byte>(value >> shift));
}

template <typename Buffer>
void write_string(Buffer& to, Bytes bytes) {
  write_uint32(to, bytes.size());
  to.insert(to.end(), bytes.begin(), bytes.end());
}

}  // namespace farpty::auth
