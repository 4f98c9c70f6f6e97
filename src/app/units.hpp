// Times and numbers as people write them in flags and in the configuration file.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "tty/winsize.hpp"

namespace farpty::app {

// "90", "90s", "10m", "2h", "1d"; a bare number is seconds.
Result<std::chrono::seconds> parse_duration(std::string_view text);

// A whole number from `least` to `most`.
Result<unsigned> parse_number(std::string_view text, unsigned least, unsigned most);

// Bytes: "65536", "64K", "4M", "1G", of 1024 each.
Result<std::uint64_t> parse_bytes(std::string_view text);

// The escape key: "~", "^]" for a control character, or "none".
Result<std::optional<char>> parse_escape(const std::string& text);

// Columns and rows: "80x24".
Result<WindowSize> parse_size(std::string_view text);

}  // namespace farpty::app
