// The one logger: spdlog, synchronous, to stderr. Never a secret, never a byte of a session's content in it; text that a
// peer chose goes through printable() first.
#pragma once

#include <string>
#include <string_view>

#include <spdlog/spdlog.h>

namespace farpty::log {

using spdlog::debug;
using spdlog::error;
using spdlog::info;
using spdlog::warn;

// "farpty: message" on stderr; `verbose` shows debug lines too.
void open(bool verbose);

// `text` with everything outside printable ASCII as \xNN, at most `most` bytes of it, for logs and terminals.
[[nodiscard]] std::string printable(std::string_view text, std::size_t most = 200);

}  // namespace farpty::log
