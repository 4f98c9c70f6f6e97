// execve(2): the terminal goes with the program, also where its maker wiped the environment (env -i, sudo).
//
// libc's whole exec family, posix_spawn among it, comes through this one entry. It may run in a child that shares its
// parent's memory (vfork): nothing here allocates or writes but to its own stack.
#include "shim/device.hpp"
#include "shim/libc.hpp"
#include "shim/syscall.hpp"
#include "shim/unserved.hpp"
#include "ttycall/text.hpp"
#include "ttycall/tty_ioctl.hpp"

namespace {

using namespace farpty::shim;
using farpty::ttycall::after;
using farpty::ttycall::contains;
using farpty::ttycall::length;
using farpty::ttycall::print;

constexpr char kPreload[] = "LD_PRELOAD=";

struct Environment {
  int count = 0;
  int preload = -1;  // its place
  bool has_library = false, has_device = false;
};

Environment look(char* const* environment) {
  Environment found;
  for (; environment != nullptr && environment[found.count] != nullptr; ++found.count) {
    const char* const entry = environment[found.count];
    if (const char* libraries = after(entry, kPreload)) {
      found.preload = found.count;
      found.has_library = contains(libraries, library_path());
    } else if (after(entry, kVariable) != nullptr) {
      found.has_device = true;
    }
  }
  return found;
}

long execute(const char* path, char* const* arguments, char* const* environment) {
  const auto run = [&](char* const* with) {
    return call(__NR_execve, address(path), address(arguments), address(with));
  };
  if (device_variable() == nullptr) return run(environment);
  prepare_to_execute(path);
  const Environment found = look(environment);
  if (found.has_library && found.has_device) return run(environment);

  const char* const others = found.preload >= 0 ? environment[found.preload] + sizeof kPreload - 1 : "";
  const std::size_t size = sizeof kPreload + length(library_path()) + 1 + length(others);
  auto* const preload = static_cast<char*>(__builtin_alloca(size));
  char* end = print(print(preload, kPreload), library_path());
  if (*others != 0) print(print(end, ":"), others);

  const auto room = static_cast<std::size_t>(found.count) + 3;
  auto** const with = static_cast<char**>(__builtin_alloca(room * sizeof(char*)));
  int count = 0;
  for (; count < found.count; ++count) with[count] = environment[count];
  if (!found.has_library) with[found.preload >= 0 ? found.preload : count++] = preload;
  if (!found.has_device) with[count++] = const_cast<char*>(device_variable());
  with[count] = nullptr;
  return run(with);
}

}  // namespace

FARPTY_HOOK int execve(const char* path, char* const* arguments, char* const* environment) {
  return finish(execute(path, arguments, environment));
}
