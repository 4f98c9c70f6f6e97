#include "app/units.hpp"

#include <charconv>

#include <fmt/format.h>

namespace farpty::app {

Result<std::chrono::seconds> parse_duration(std::string_view text) {
  long long count = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  const long long factor = unit.empty() || unit == "s" ? 1
                           : unit == "m"               ? 60
                           : unit == "h"               ? 3600
                           : unit == "d"               ? 86400
                                                       : 0;
  constexpr long long kTenYears = 10LL * 366 * 86400;
  if (code != std::errc{} || factor == 0 || count < 0 || count > kTenYears / factor)
    return failure("cannot understand", "'" + std::string(text) + "'", "it is not a time",
                   "write it like 90s, 10m or 2h");
  return std::chrono::seconds(count * factor);
}

Result<unsigned> parse_number(std::string_view text, unsigned least, unsigned most) {
  unsigned value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc{} || end != text.data() + text.size() || value < least || value > most)
    return failure("cannot understand", "'" + std::string(text) + "'",
                   fmt::format("it is not a whole number from {} to {}", least, most));
  return value;
}

Result<std::uint64_t> parse_bytes(std::string_view text) {
  std::uint64_t count = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  const unsigned shift = unit.empty() ? 0U : unit == "K" ? 10U : unit == "M" ? 20U : unit == "G" ? 30U : 64U;
  if (code != std::errc{} || shift == 64U || count > std::uint64_t{1} << 40 >> shift)
    return failure("cannot understand", "'" + std::string(text) + "'", "it is not a number of bytes",
                   "write it like 65536, 64K or 4M");
  return count << shift;
}

Result<WindowSize> parse_size(std::string_view text) {
  const auto cross = text.find('x');
  if (cross != std::string_view::npos) {
    const auto columns = parse_number(text.substr(0, cross), 1, kMaxColumns);
    const auto rows = parse_number(text.substr(cross + 1), 1, kMaxRows);
    if (columns && rows)
      return WindowSize{.columns = static_cast<std::uint16_t>(*columns), .rows = static_cast<std::uint16_t>(*rows)};
  }
  return failure("cannot understand", "'" + std::string(text) + "'", "it is not a size",
                 fmt::format("write it like 80x24; at most {}x{}", kMaxColumns, kMaxRows));
}

Result<std::optional<char>> parse_escape(const std::string& text) {
  if (text == "none") return std::nullopt;
  if (text.size() == 1) return text[0];
  if (text.size() == 2 && text[0] == '^') return static_cast<char>(text[1] & 0x1f);
  return failure("cannot understand", "--escape-char '" + text + "'", "it is not a character",
                 "write it like ~, ^] or none");
}

}  // namespace farpty::app
