#include "copy/progress.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

namespace farpty::copy {

namespace {
constexpr std::size_t kBar = 20;
constexpr double kSomeTime = 1.0;  // seconds after which a rate means something
constexpr double kLongest = 360'000;
}  // namespace

std::string size_text(double bytes) {
  constexpr std::array<const char*, 7> kUnits{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  std::size_t unit = 0;
  for (; bytes >= 1024 && unit + 1 < kUnits.size(); ++unit) bytes /= 1024;
  return unit == 0 ? fmt::format("{:.0f} B", bytes) : fmt::format("{:.1f} {}", bytes, kUnits.at(unit));
}

std::string time_text(double seconds) {
  const auto whole = static_cast<long>(std::clamp(std::ceil(seconds), 0.0, kLongest));
  const long hours = whole / 3600;
  if (hours > 0) return fmt::format("{}:{:02}:{:02}", hours, whole / 60 % 60, whole % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

std::string progress_line(const Progress& progress, std::size_t columns) {
  // Files that grow while they are copied must not make it more than all.
  const double share =
      progress.all_bytes == 0
          ? (progress.all_files == 0 ? 0
                                     : static_cast<double>(progress.files) / static_cast<double>(progress.all_files))
          : static_cast<double>(progress.bytes) / static_cast<double>(progress.all_bytes);
  const double part = std::clamp(share, 0.0, 1.0);
  const auto filled = static_cast<std::size_t>(part * kBar);
  std::string line = fmt::format("[{:<{}}] {:3.0f}%  {}", std::string(filled, '='), kBar, std::floor(part * 100),
                                 size_text(static_cast<double>(progress.bytes)));
  if (progress.stalled) {
    line += "  stalled";
  } else if (progress.seconds >= kSomeTime && progress.sent > 0) {
    const double rate = static_cast<double>(progress.sent) / progress.seconds;
    const double left = static_cast<double>(progress.all_bytes - std::min(progress.all_bytes, progress.bytes));
    line += fmt::format("  {}/s  {}", size_text(rate), time_text(left / rate));
  }
  if (progress.all_files > 1) line += fmt::format("  {}/{}", progress.files, progress.all_files);
  if (!progress.name.empty()) line += "  " + progress.name;
  return line.substr(0, columns);
}

}  // namespace farpty::copy
