#include "copy/file_time.hpp"

namespace farpty::copy {

timespec changed_at(const struct stat& status) { return status.st_mtimespec; }

}  // namespace farpty::copy
