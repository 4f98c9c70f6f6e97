#include "app/shell.hpp"

#include <sys/auxv.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <vector>

namespace farpty::app {

namespace {

#if defined(__x86_64__)
constexpr const char* kDistributed = "farpty-sh-x86_64-linux";
#else
constexpr const char* kDistributed = "farpty-sh-aarch64-linux";
#endif

bool can_run(const std::string& path) { return !path.empty() && access(path.c_str(), X_OK) == 0; }

// Where /proc does not say it, by the name under which the kernel executed us (getauxval(3)).
std::filesystem::path own_folder() {
  std::error_code failed;
  std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", failed);
  if (failed) {
    const auto* const name = reinterpret_cast<const char*>(getauxval(AT_EXECFN));
    if (name == nullptr) return {};
    self = std::filesystem::absolute(name, failed);
  }
  return failed ? std::filesystem::path{} : self.parent_path();
}

}  // namespace

Shell find_shell(const std::string& wanted) {
  if (can_run(wanted)) return {.path = wanted, .why = {}};
  std::vector<std::string> candidates;
  if (const char* const named = std::getenv("FARPTY_SH")) candidates.emplace_back(named);
  if (const auto folder = own_folder(); !folder.empty())
    for (const char* name : {"farpty-sh", kDistributed}) candidates.push_back(folder / name);
  for (const std::string& path : candidates)
    if (can_run(path))
      return {.path = path, .why = "shell: " + path + ", because " + wanted + " cannot be executed here"};
  return {.path = wanted, .why = {}};
}

}  // namespace farpty::app
