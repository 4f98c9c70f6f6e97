// setuid(2) and its family: root that becomes somebody else, as su, sudo and login do. See unserved.hpp.
#include "shim/libc.hpp"
#include "shim/syscall.hpp"
#include "shim/unserved.hpp"
#include "ttycall/tty_ioctl.hpp"

namespace {

using namespace farpty::shim;

// libc's own function: it changes the user of all threads. Where there is none of that name, a call would change one.
template <typename... Ids>
int next(const char* name, Ids... ids) {
  using Function = int (*)(Ids...);
  const auto function = reinterpret_cast<Function>(find_next(name));
  return function != nullptr ? function(ids...) : finish(-farpty::ttycall::error::kPerm);
}

constexpr unsigned kUnchanged = ~0U;

}  // namespace

FARPTY_HOOK int setuid(unsigned uid) {
  prepare_to_become(uid);
  return next("setuid", uid);
}
FARPTY_HOOK int setreuid(unsigned real, unsigned effective) {
  if (effective != kUnchanged) prepare_to_become(effective);
  return next("setreuid", real, effective);
}
FARPTY_HOOK int setresuid(unsigned real, unsigned effective, unsigned saved) {
  if (effective != kUnchanged) prepare_to_become(effective);
  return next("setresuid", real, effective, saved);
}
