// The names that terminals have in the file system.
#pragma once

#include "ttycall/text.hpp"

namespace farpty::ttycall {

struct Name {
  enum class Kind : unsigned char {
    kOther,
    kOwn,         // /dev/tty
    kMaster,      // /dev/ptmx, /dev/pts/ptmx
    kSlave,       // /dev/pts/`number`
    kDescriptor,  // /dev/stdin, /dev/fd/`number`, /proc/self/fd/`number`, ...
  };
  Kind kind = Kind::kOther;
  int number = 0;
};

inline Name parse_name(const char* path) {
  using enum Name::Kind;
  const auto numbered = [](Name::Kind kind, const char* rest) {
    const int n = ttycall::number(rest);
    return n < 0 ? Name{} : Name{kind, n};
  };
  if (const char* rest = after(path, "/dev/")) {
    if (same(rest, "tty")) return {kOwn};
    if (same(rest, "ptmx") || same(rest, "pts/ptmx")) return {kMaster};
    if (const char* digits = after(rest, "pts/")) return numbered(kSlave, digits);
    if (const char* digits = after(rest, "fd/")) return numbered(kDescriptor, digits);
    if (same(rest, "stdin")) return {kDescriptor, 0};
    if (same(rest, "stdout")) return {kDescriptor, 1};
    if (same(rest, "stderr")) return {kDescriptor, 2};
    return {};
  }
  if (const char* digits = after(path, "/proc/self/fd/")) return numbered(kDescriptor, digits);
  return {};
}

}  // namespace farpty::ttycall
