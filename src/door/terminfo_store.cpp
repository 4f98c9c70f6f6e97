#include "door/terminfo_store.hpp"

#include <algorithm>

#include "auth/own_file.hpp"
#include "base/log.hpp"
#include "base/own_directory.hpp"
#include "base/terminfo.hpp"
#include "door/terminal_name.hpp"

namespace farpty::door {

namespace {

constexpr std::size_t kHeader = 12;  // term(5), "Storage Format": six short integers

bool is_name(std::string_view term) {
  return !term.empty() && term.size() <= 40 && term.front() != '.' && term.front() != '-' &&
         std::ranges::all_of(term, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
                  c == '-' || c == '+';
         });
}

// The folder that holds it now.
Result<std::string> install(const std::string& term, const std::string& entry) {
  const auto directories = runtime_directories();
  if (directories.empty()) return failure("cannot keep", "the description of " + term, "there is no private directory");
  const std::string root = directories.front() + "/terminfo";
  FARPTY_TRY(open_own_directory(directories.front(), Missing::kMake));
  FARPTY_TRY(open_own_directory(root, Missing::kMake));
  const std::string folder = root + "/" + term.front();
  FARPTY_TRY(open_own_directory(folder, Missing::kMake));
  FARPTY_TRY(auth::replace_own_file(folder + "/" + term, as_bytes(entry)));
  return root;
}

}  // namespace

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

void describe_terminal(const std::string& term, const std::string& entry, const std::string& fallback,
                       std::vector<std::string>& environment) {
  const std::string name = is_name(term) ? term : fallback;
  environment.push_back("TERM=" + name);
  const auto variables = terminfo_variables(environment);
  if (name != term || has_terminfo(name, terminfo_folders(variables)) || !is_terminfo_entry(entry, name)) return;
  const auto root = install(name, entry);
  if (!root) return log::warn("{}", root.error().message());
  std::erase_if(environment, [](const std::string& one) { return one.starts_with("TERMINFO_DIRS="); });
  // An empty element stands for the system's own (terminfo(5)).
  environment.push_back("TERMINFO_DIRS=" + *root + ":" + variables.terminfo_dirs.value_or(""));
}

}  // namespace farpty::door
