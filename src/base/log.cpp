#include "base/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>

namespace farpty::log {

void open(bool verbose) {
  auto logger = std::make_shared<spdlog::logger>("farpty", std::make_shared<spdlog::sinks::stderr_sink_st>());
  logger->set_pattern("farpty: %v");
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
