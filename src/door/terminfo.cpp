#include "door/terminfo.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>

namespace farpty::door {

namespace {

constexpr std::string_view kSystemFolders[] = {"/etc/terminfo", "/lib/terminfo", "/usr/share/terminfo",
                                               "/usr/local/share/terminfo"};

bool is_file(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

}  // namespace

std::vector<std::string> terminfo_folders(const TerminfoVariables& variables) {
  std::vector<std::string> folders;
  const auto add = [&](std::string_view folder) {
    if (folder.starts_with('/') && std::ranges::find(folders, folder) == folders.end()) folders.emplace_back(folder);
  };
  if (variables.terminfo) add(*variables.terminfo);
  if (variables.home) add(*variables.home + "/.terminfo");
  std::string_view rest;
  if (variables.terminfo_dirs) rest = *variables.terminfo_dirs;
  while (!rest.empty()) {
    const std::size_t colon = std::min(rest.find(':'), rest.size());
    if (colon > 0) add(rest.substr(0, colon));
    if (colon == 0) std::ranges::for_each(kSystemFolders, add);
    rest.remove_prefix(std::min(colon + 1, rest.size()));
  }
  std::ranges::for_each(kSystemFolders, add);
  return folders;
}

bool has_terminfo(std::string_view name, const std::vector<std::string>& folders) {
  if (name.empty() || name.front() == '.' || name.contains('/')) return false;
  return std::ranges::any_of(folders, [&](const std::string& folder) {
    return is_file(fmt::format("{}/{}/{}", folder, name.front(), name)) ||
           is_file(fmt::format("{}/{:02x}/{}", folder, static_cast<unsigned char>(name.front()), name));
  });
}

}  // namespace farpty::door
