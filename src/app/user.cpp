#include "app/user.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

extern char** environ;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables): POSIX

namespace farpty::app {

namespace {

// Of the server and not of its sessions: the service manager's sockets, our own secrets, and whatever described the
// terminal from which the server was started.
constexpr std::string_view kNotInherited[] = {"TERM",
                                              "TERMCAP",
                                              "COLUMNS",
                                              "LINES",
                                              "TMUX",
                                              "TMUX_PANE",
                                              "STY",
                                              "WINDOWID",
                                              "COLORTERM",
                                              "SSH_TTY",
                                              "SSH_CLIENT",
                                              "SSH_CONNECTION",
                                              "LISTEN_PID",
                                              "LISTEN_FDS",
                                              "LISTEN_FDNAMES",
                                              "NOTIFY_SOCKET",
                                              "WATCHDOG_PID",
                                              "WATCHDOG_USEC",
                                              "SHLVL",
                                              "_",
                                              "OLDPWD",
                                              "PWD"};

bool is_inherited(std::string_view name) {
  return !name.starts_with("FARPTY_") && std::ranges::find(kNotInherited, name) == std::end(kNotInherited);
}

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

bool is_shell(const std::string& file) {
  const std::string name = base_name(file);
  bool found = false;
  setusershell();
  while (const char* shell = getusershell())
    if (base_name(shell) == name) found = true;
  endusershell();
  return found || name == "sh" || name == "bash" || name.starts_with("farpty-sh");
}

}  // namespace

pty::Program program_for(const User& user, const std::vector<std::string>& words) {
  pty::Program program;
  std::array<bool, 4> has{};
  constexpr std::array<std::string_view, 4> kBasics{"HOME", "USER", "LOGNAME", "SHELL"};
  const std::array<std::string, 4> values{user.home, user.name, user.name, user.shell};
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::string_view name = text.substr(0, text.find('='));
    if (!is_inherited(name)) continue;
    const auto basic = std::ranges::find(kBasics, name);
    if (basic != kBasics.end()) has[static_cast<std::size_t>(basic - kBasics.begin())] = true;
    program.environment.emplace_back(text);
  }
  for (std::size_t i = 0; i < kBasics.size(); ++i)
    if (!has[i]) program.environment.push_back(std::string(kBasics[i]) + "=" + values[i]);

  if (words.empty()) {
    program.file = user.shell;
    program.arguments = {"-" + base_name(user.shell)};  // login(1): a '-' makes it a login shell
    program.directory = user.home;
  } else {
    program.file = words.front();
    program.arguments = words;
    std::array<char, 4096> here{};
    program.directory = getcwd(here.data(), here.size()) != nullptr ? here.data() : "/";
  }
  return program;
}

bool is_interactive_shell(const User& user, const std::vector<std::string>& words) {
  if (words.empty()) return is_shell(user.shell);
  return is_shell(words.front()) && std::all_of(words.begin() + 1, words.end(), [](const std::string& word) {
           return word == "-i" || word == "-l" || word == "--login" || word == "--norc" || word == "--noprofile" ||
                  word == "--rcfile";
         });
}

}  // namespace farpty::app
