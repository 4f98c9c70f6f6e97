// The line that shows how far a copy is. Pure: what is known in, text out; no clock, no terminal.
#pragma once

#include <cstdint>
#include <string>

namespace farpty::copy {

struct Progress {
  std::uint64_t bytes = 0, all_bytes = 0;
  std::uint64_t files = 0, all_files = 0;
  std::uint64_t sent = 0;  // of `bytes`, those that were not there from before
  double seconds = 0;      // since the beginning
  bool stalled = false;    // nothing has moved for a while
  std::string name;        // of the file that moves; printable already
};

// At most `columns` characters, without an end of line: "[=====     ]  52%  12.3 MiB  3.1 MiB/s  0:04  name".
[[nodiscard]] std::string progress_line(const Progress& progress, std::size_t columns);

// "17 B", "12.3 MiB".
[[nodiscard]] std::string size_text(double bytes);

// "0:04", "1:02:03".
[[nodiscard]] std::string time_text(double seconds);

}  // namespace farpty::copy
