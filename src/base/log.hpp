// The one logger: spdlog, synchronous, to stderr. Never a secret, never a byte of a session's content in it.
//
// Each entry is one line whatever stands in it (log_record.hpp). What a server does goes through event(): fields for those
// who search, and the text that people read. Fields of one meaning have one name: session, name, program, door, peer (where
// from), who (a key's fingerprint, an invitation, a uid), reason, seconds, bytes_in, bytes_out, status, signal, cause, file.
#pragma once

#include <string>
#include <string_view>

#include <spdlog/spdlog.h>

#include "base/log_record.hpp"

namespace farpty::log {

using spdlog::debug;
using spdlog::error;
using spdlog::info;
using spdlog::warn;

using Level = spdlog::level::level_enum;

// To stderr; `verbose` shows debug lines too.
void open(bool verbose, Format format = Format::kText);

// `name` says what happened, in [a-z-]+; the text alone is what Format::kText shows.
void event(Level level, std::string_view name, const Fields& fields, const std::string& text);

// `text` with everything outside printable ASCII as \xNN, at most `most` bytes of it, for logs and terminals.
[[nodiscard]] std::string printable(std::string_view text, std::size_t most = 200);

}  // namespace farpty::log
