#include "base/log.hpp"

#include <unistd.h>

#include <chrono>
#include <memory>

#include <fmt/chrono.h>
#include <spdlog/formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

namespace farpty::log {

namespace {

struct Event {
  std::string_view name;
  const Fields* fields = nullptr;
};
// What the entry that this thread is just making has beside its text: spdlog, synchronous, hands on only that.
thread_local Event current;

class Formatter final : public spdlog::formatter {
 public:
  Formatter(Format format, std::string end_of_line) : format_(format), end_of_line_(std::move(end_of_line)) {}

  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    using namespace std::chrono;
    const auto now = time_point_cast<milliseconds>(message.time);
    const auto past_second = now.time_since_epoch() % seconds(1);
    const std::string time = fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                                         fmt::gmtime(system_clock::to_time_t(now - past_second)), past_second.count());
    const auto level = spdlog::level::to_string_view(message.level);
    const std::string line = line_of({.time = time,
                                      .level = {level.data(), level.size()},
                                      .event = current.name,
                                      .fields = current.fields,
                                      .text = {message.payload.data(), message.payload.size()}},
                                     format_);
    out.append(line.data(), line.data() + line.size());
    out.append(end_of_line_.data(), end_of_line_.data() + end_of_line_.size());
  }
  [[nodiscard]] std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<Formatter>(format_, end_of_line_);
  }

 private:
  Format format_;
  std::string end_of_line_;
};

}  // namespace

void open(bool verbose, Format format) {
  // _mt: the loop is not alone, a sandbox's folders are removed by a thread of their own.
  auto logger = std::make_shared<spdlog::logger>("farpty", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  // A client's terminal is in raw mode, where a newline alone goes down and not back.
  const char* end_of_line = format == Format::kText && isatty(STDERR_FILENO) == 1 ? "\r\n" : "\n";
  logger->set_formatter(std::make_unique<Formatter>(format, end_of_line));
  logger->set_level(verbose ? spdlog::level::debug : spdlog::level::info);
  logger->flush_on(spdlog::level::debug);
  spdlog::set_default_logger(std::move(logger));
}

void event(Level level, std::string_view name, const Fields& fields, const std::string& text) {
  current = {.name = name, .fields = &fields};
  spdlog::log(level, text);
  current = {};
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
