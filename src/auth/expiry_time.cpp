#include "auth/expiry_time.hpp"

#include <algorithm>
#include <array>

namespace farpty::auth {

namespace {

bool is_leap(int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

int days_in(int year, int month) {
  constexpr std::array<int, 12> kDays{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap(year) ? 29 : kDays.at(static_cast<std::size_t>(month - 1));
}

bool exists(const CivilTime& time) {
  return time.year >= 1970 && time.month >= 1 && time.month <= 12 && time.day >= 1 &&
         time.day <= days_in(time.year, time.month) && time.hour <= 23 && time.minute <= 59 && time.second <= 59;
}

}  // namespace

Seconds seconds_in_utc(const CivilTime& time) {
  Seconds days = time.day - 1;
  for (int month = 1; month < time.month; ++month) days += days_in(time.year, month);
  const Seconds before = time.year - 1;  // the years that are over: leap days are counted from year 1
  days += (time.year - 1970) * Seconds{365} + (before / 4 - before / 100 + before / 400) -
          (1969 / 4 - 1969 / 100 + 1969 / 400);
  return ((days * 24 + time.hour) * 60 + time.minute) * 60 + time.second;
}

std::optional<Seconds> parse_expiry_time(std::string_view text, const TimeZone& zone) {
  const bool utc = text.ends_with('Z');
  if (utc) text.remove_suffix(1);
  if (text.size() != 8 && text.size() != 12 && text.size() != 14) return std::nullopt;
  if (!std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; })) return std::nullopt;
  const auto number = [text](std::size_t at, std::size_t count) {
    int value = 0;
    for (std::size_t i = at; i < at + count && i < text.size(); ++i) value = value * 10 + (text[i] - '0');
    return value;
  };
  const CivilTime time{.year = number(0, 4),
                       .month = number(4, 2),
                       .day = number(6, 2),
                       .hour = number(8, 2),
                       .minute = number(10, 2),
                       .second = number(12, 2)};
  if (!exists(time)) return std::nullopt;
  return utc ? seconds_in_utc(time) : zone(time);
}

}  // namespace farpty::auth
