// When a file's contents changed: POSIX has the name st_mtim, Apple's stat(2) another one.
#pragma once

#include <sys/stat.h>

namespace farpty::copy {

[[nodiscard]] timespec changed_at(const struct stat& status);

}  // namespace farpty::copy
