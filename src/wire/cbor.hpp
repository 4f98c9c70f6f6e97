// CBOR (RFC 8949) as control messages use it: one value, read with bounds that no sender can exceed.
//
// Refused: more than kMaxDepth levels, more than kMaxElements elements in all, keys that are no text or come twice, tags,
// floating-point numbers, text that is not UTF-8, bytes after the value. Pure.
#pragma once

#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace farpty::wire {

inline constexpr std::size_t kMaxDepth = 8;
inline constexpr std::size_t kMaxElements = 1024;

[[nodiscard]] Result<nlohmann::json> parse_cbor(Bytes bytes);

[[nodiscard]] std::vector<std::byte> to_cbor(const nlohmann::json& value);

}  // namespace farpty::wire
