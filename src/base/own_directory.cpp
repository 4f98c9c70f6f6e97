#include "base/own_directory.hpp"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

namespace farpty {

namespace {

constexpr mode_t kOwnerOnly = 0700;
constexpr mode_t kOthers = 0077;

bool is_directory(const char* path) {
  struct stat status{};
  return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

}  // namespace

std::string OwnDirectory::path_of(const std::string& name) const {
  const std::string here = "/proc/self/fd/" + std::to_string(fd.get());
  return (access(here.c_str(), F_OK) == 0 ? here : path) + "/" + name;
}

Result<> make_directories(const std::string& path) {
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    if (mkdir(part.c_str(), kOwnerOnly) != 0 && errno != EEXIST) {
      // Not to be allowed to make what is there already (a read-only root, a closed parent) is no failure.
      const int code = errno;
      struct stat status{};
      if (stat(part.c_str(), &status) != 0) return os_error("cannot make directory", part, code);
    }
    if (end == std::string::npos) return {};
  }
}

Result<OwnDirectory> open_own_directory(const std::string& path, Missing missing) {
  if (missing == Missing::kMake) FARPTY_TRY(make_directories(path));
  OwnedFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd && (errno == ELOOP || errno == ENOTDIR))
    return failure("cannot use directory", path, "it is a link or no directory", "remove it");
  if (!fd) return os_error("cannot open directory", path);
  struct stat status{};
  if (fstat(fd.get(), &status) != 0) return os_error("cannot look at directory", path);
  if (status.st_uid != geteuid()) return failure("cannot use directory", path, "it belongs to another user");
  if ((status.st_mode & kOthers) != 0)
    return failure("cannot use directory", path, "it is open to other users", "chmod 700 " + path);
  return OwnDirectory{.path = path, .fd = std::move(fd)};
}

std::vector<std::string> runtime_directories() {
  std::vector<std::string> found;
  if (const char* runtime = std::getenv("XDG_RUNTIME_DIR");
      runtime != nullptr && runtime[0] == '/' && is_directory(runtime))
    found.push_back(std::string(runtime) + "/farpty");
  if (const std::string place = home_directory(); place.starts_with('/'))
    found.push_back(place + "/.local/state/farpty/run");
  return found;
}

std::string home_directory() {
  if (const char* home = std::getenv("HOME"); home != nullptr && home[0] == '/') return home;
  const passwd* entry = getpwuid(geteuid());
  return entry != nullptr ? entry->pw_dir : "";
}

Result<std::string> config_directory() {
  if (const char* config = std::getenv("XDG_CONFIG_HOME"); config != nullptr && config[0] == '/')
    return std::string(config) + "/farpty";
  if (const std::string place = home_directory(); place.starts_with('/')) return place + "/.config/farpty";
  return failure("cannot find", "your home directory", "neither HOME nor the user database names it", "set HOME");
}

}  // namespace farpty
