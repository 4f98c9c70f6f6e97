#include "door/terminfo_store.hpp"

#include <algorithm>

#include "auth/own_file.hpp"
#include "base/carried_terminfo.hpp"
#include "base/log.hpp"
#include "base/own_directory.hpp"
#include "base/terminfo.hpp"
#include "door/terminal_name.hpp"

namespace farpty::door {

namespace {

bool is_name(std::string_view term) {
  return !term.empty() && term.size() <= 40 && term.front() != '.' && term.front() != '-' &&
         std::ranges::all_of(term, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
                  c == '-' || c == '+';
         });
}

// The folder that holds it now.
Result<std::string> install(const std::string& term, std::string_view entry) {
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

void describe_terminal(const std::string& term, const std::string& entry, const std::string& fallback,
                       std::vector<std::string>& environment) {
  const std::string name = is_name(term) ? term : fallback;
  environment.push_back("TERM=" + name);
  const auto variables = terminfo_variables(environment);
  if (name != term || has_terminfo(name, terminfo_folders(variables))) return;
  const std::string_view brought = is_terminfo_entry(entry, name) ? entry : carried_terminfo(name);
  if (brought.empty()) return;
  const auto root = install(name, brought);
  if (!root) return log::warn("{}", root.error().message());
  std::erase_if(environment, [](const std::string& one) { return one.starts_with("TERMINFO_DIRS="); });
  // An empty element stands for the system's own (terminfo(5)).
  environment.push_back("TERMINFO_DIRS=" + *root + ":" + variables.terminfo_dirs.value_or(""));
}

}  // namespace farpty::door
