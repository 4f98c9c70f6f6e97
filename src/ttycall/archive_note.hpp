// What libfarpty.a leaves in an executable (elf(5): a note): that it needs neither the preloaded library nor the listener, where it
// speaks this release of page and requests.
#pragma once

#include <cstdint>

#include "ttycall/request.hpp"

namespace farpty::ttycall {

struct ArchiveNote {
  std::uint32_t name_size = sizeof name, size = sizeof release, type = 1;
  char name[8] = "farpty";
  std::uint32_t release[2] = {static_cast<std::uint32_t>(kMagic), static_cast<std::uint32_t>(kMagic >> 32)};
};
static_assert(sizeof(ArchiveNote) == 28);

}  // namespace farpty::ttycall
