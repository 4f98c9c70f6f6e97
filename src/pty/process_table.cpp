#include "pty/process_table.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <optional>
#include <string_view>

#include "base/owned_fd.hpp"

namespace farpty::pty {

namespace {

// The number at the beginning, after blanks.
std::optional<pid_t> take_number(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  pid_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  return code == std::errc{} ? std::optional(value) : std::nullopt;
}

}  // namespace

Process read_process(const std::string& folder) {
  const OwnedFd file(open((folder + "/stat").c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 1024> buffer{};
  const ssize_t count = file ? read(file.get(), buffer.data(), buffer.size()) : -1;
  if (count <= 0) return {};
  // pid (command) state ppid pgrp session ...; the command may hold ')' and blanks.
  const std::string_view line(buffer.data(), static_cast<std::size_t>(count));
  const auto name = line.find('(');
  const auto end = line.rfind(')');
  if (name == std::string_view::npos || end == std::string_view::npos || end < name || line.size() < end + 4) return {};
  Process process{.pid = take_number(line.substr(0, name)).value_or(0), .state = line[end + 2]};
  process.command = line.substr(name + 1, end - name - 1);
  std::string_view rest = line.substr(end + 3);
  for (pid_t* field : {&process.parent, &process.group, &process.session}) {
    const auto value = take_number(rest);
    if (!value) return {};
    *field = *value;
    rest.remove_prefix(std::min(rest.find(' ', 1), rest.size()));
  }
  return process;
}

std::vector<Process> all_processes() {
  std::vector<Process> found;
  DIR* proc = opendir("/proc");
  if (proc == nullptr) return found;
  while (const dirent* entry = readdir(proc)) {
    if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
    if (Process process = read_process(std::string("/proc/") + entry->d_name); process.pid != 0)
      found.push_back(std::move(process));
  }
  closedir(proc);
  std::ranges::sort(found, {}, &Process::pid);
  return found;
}

std::vector<Process> processes_of_session(pid_t session) {
  auto found = all_processes();
  std::erase_if(found, [session](const Process& process) { return process.session != session; });
  return found;
}

std::vector<pid_t> pids_of_session(pid_t session) {
  std::vector<pid_t> found;
  DIR* proc = opendir("/proc");
  if (proc == nullptr) return found;
  while (const dirent* entry = readdir(proc)) {
    const auto pid = static_cast<pid_t>(std::strtol(entry->d_name, nullptr, 10));
    if (pid > 0 && getsid(pid) == session) found.push_back(pid);
  }
  closedir(proc);
  return found;
}

bool group_lives(pid_t group, pid_t session) {
  if (group <= 1) return false;                              // kill(2): 0 and -1 mean others
  if (kill(-group, 0) != 0 && errno == ESRCH) return false;  // the usual answer, and far cheaper than the table
  return std::ranges::any_of(processes_of_session(session), [group](const Process& process) {
    return process.group == group && process.state != 'Z';
  });
}

bool kill_group_of_session(pid_t group, pid_t session) {
  return group_lives(group, session) && kill(-group, SIGKILL) == 0;
}

bool kill_session(pid_t session) {
  // A process with a deadly signal pending forks no more: each look finds anew only what was forked during the last one.
  constexpr int kLooks = 64;
  std::vector<pid_t> killed;
  for (int look = 0; look < kLooks; ++look) {
    const std::size_t before = killed.size();
    for (const pid_t process : pids_of_session(session)) {
      if (std::ranges::find(killed, process) != killed.end()) continue;
      kill(process, SIGKILL);
      killed.push_back(process);
    }
    if (killed.size() == before) return true;
  }
  return false;
}

}  // namespace farpty::pty
