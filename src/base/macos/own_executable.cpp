#include "base/own_executable.hpp"

#include <mach-o/dyld.h>

#include <cstdint>

namespace farpty {

// dyld(3), _NSGetExecutablePath: the size that it wants is told where the given one is too small.
std::string own_executable() {
  std::uint32_t size = 0;
  _NSGetExecutablePath(nullptr, &size);
  std::string path(size, '\0');
  if (_NSGetExecutablePath(path.data(), &size) != 0) return {};
  return path.c_str();
}

}  // namespace farpty
