#include "base/log.hpp"

#include <unistd.h>

#include <memory>

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

namespace farpty::log {

void open(bool verbose) {
  // _mt: the loop is not alone, a sandbox's folders are removed by a thread of their own.
  auto logger = std::make_shared<spdlog::logger>("farpty", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  // A client's terminal is in raw mode, where a newline alone goes down and not back.
  const char* end_of_line = isatty(STDERR_FILENO) == 1 ? "\r\n" : "\n";
  logger->set_formatter(
      std::make_unique<spdlog::pattern_formatter>("farpty: %v", spdlog::pattern_time_type::local, end_of_line));
  logger->set_level(verbose ? spdlog::level::debug : spdlog::level::info);
  logger->flush_on(spdlog::level::debug);
  spdlog::set_default_logger(std::move(logger));
}

std::string printable(std::string_view text, std::size_t most) {
  std::string shown;
  for (const char c : text.substr(0, most)) {
    if (c >= 0x20 && c < 0x7f && c != '\\') {
      shown += c;
    } else {
      shown += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  if (text.size() > most) shown += "...";
  return shown;
}

}  // namespace farpty::log
