#include "base/terminfo.hpp"

#include <sys/stat.h>

#include <fmt/format.h>

#include <algorithm>

namespace farpty {

namespace {

constexpr std::string_view kSystemFolders[] = {"/etc/terminfo", "/lib/terminfo", "/usr/share/terminfo",
                                               "/usr/local/share/terminfo"};

bool is_file(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

constexpr std::size_t kHeader = 12;  // term(5), "Storage Format": six short integers

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

std::optional<std::string> find_terminfo(std::string_view name, const std::vector<std::string>& folders) {
  if (name.empty() || name.front() == '.' || name.contains('/')) return std::nullopt;
  for (const std::string& folder : folders) {
    for (std::string path : {fmt::format("{}/{}/{}", folder, name.front(), name),
                             fmt::format("{}/{:02x}/{}", folder, static_cast<unsigned char>(name.front()), name)})
      if (is_file(path)) return path;
  }
  return std::nullopt;
}

bool has_terminfo(std::string_view name, const std::vector<std::string>& folders) {
  return find_terminfo(name, folders).has_value();
}

bool is_terminfo_entry(std::string_view entry, std::string_view term) {
  if (entry.size() <= kHeader) return false;
  const bool has_magic = entry.starts_with("\x1a\x01") || entry.starts_with("\x1e\x02");  // 0432 and 01036, term(5)
  std::string_view names = entry.substr(kHeader, static_cast<unsigned char>(entry[2]));
  if (!has_magic || names.size() < 2 || names.back() != '\0') return false;
  names.remove_suffix(1);
  while (true) {
    const auto bar = std::min(names.find('|'), names.size());
    if (names.substr(0, bar) == term) return true;
    if (bar == names.size()) return false;
    names.remove_prefix(bar + 1);
  }
}

}  // namespace farpty
