// How the two ends of a copy are written: a path on this machine, or HOST:PATH.
//
//   notes.txt  ./a:b  /etc/hosts        here
//   far:notes.txt  ann@far:/srv  far:   there; a relative path begins at the far home directory
//   farpty://ann@far:99/notes.txt       the same with a port; //srv after the host is /srv
//
// A colon after a slash is part of a path. Parsing only.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace farpty::copy {

struct Place {
  std::string host;  // as farpty exec takes it; empty: this machine
  std::string path;  // "." for what has none
};

Result<Place> parse_place(std::string_view text);

}  // namespace farpty::copy
