// The times of expiry-time="..." in authorized_keys: YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS in the system's time zone,
// or with a Z in UTC (sshd(8), AUTHORIZED_KEYS FILE FORMAT).
#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "auth/grants.hpp"

namespace farpty::auth {

struct CivilTime {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;  // as people count: months and days from 1
};

[[nodiscard]] Seconds seconds_in_utc(const CivilTime& time);

// What such a time is on this machine: mktime(3), or a table in a test. std::nullopt where it cannot be told.
using TimeZone = std::function<std::optional<Seconds>(const CivilTime&)>;

// std::nullopt where it is no such time, or one that no calendar has. Stricter than sshd, which takes a 31 February for
// 3 March.
[[nodiscard]] std::optional<Seconds> parse_expiry_time(std::string_view text, const TimeZone& zone);

}  // namespace farpty::auth
