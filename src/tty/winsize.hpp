// A terminal's size in character cells, and the limits put on sizes that a peer names.
#pragma once

#include <algorithm>
#include <cstdint>

namespace farpty {

struct WindowSize {
  std::uint16_t columns = 80;
  std::uint16_t rows = 24;
  friend bool operator==(const WindowSize&, const WindowSize&) = default;
};

// Programs allocate rows x columns cells: a peer's 65535 x 65535 would cost them gigabytes.
inline constexpr std::uint16_t kMaxColumns = 2000;
inline constexpr std::uint16_t kMaxRows = 1000;

// A peer's size made safe: capped; zero, which means "unknown" (RFC 1073), becomes the default's value.
[[nodiscard]] constexpr WindowSize sane_size(unsigned columns, unsigned rows) {
  const WindowSize unknown;
  return {
      .columns = columns == 0 ? unknown.columns : static_cast<std::uint16_t>(std::min<unsigned>(columns, kMaxColumns)),
      .rows = rows == 0 ? unknown.rows : static_cast<std::uint16_t>(std::min<unsigned>(rows, kMaxRows))};
}

}  // namespace farpty
