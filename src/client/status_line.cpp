#include "client/status_line.hpp"

#include <fmt/format.h>

namespace farpty::client {

namespace {

// DECSC, CUP, SGR, EL, DECRC: what every terminal has that has a last row (ECMA-48, VT100).
std::string over_last_row(std::string_view rendition, std::string_view text, const wire::Size& size) {
  return fmt::format(
      "\x1b"
      "7\x1b[{};1H\x1b[{}m{}\x1b[K\x1b"
      "8",
      size.rows, rendition, text);
}

}  // namespace

std::string status_line(std::string_view text, const wire::Size& size) {
  return over_last_row("0;7", text.substr(0, size.columns > 0 ? size.columns - 1U : 0U), size);
}

std::string no_status_line(const wire::Size& size) { return over_last_row("0", "", size); }

}  // namespace farpty::client
