#include "pty/process_table.hpp"

#include <dirent.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace farpty::pty {

Process read_process(const std::string& folder) {
  std::ifstream file(folder + "/stat");
  std::string line;
  if (!std::getline(file, line)) return {};
  // pid (command) state ppid pgrp session ...; the command may hold ')' and blanks.
  const auto open = line.find('(');
  const auto close = line.rfind(')');
  if (open == std::string::npos || close == std::string::npos || close < open) return {};
  Process process;
  process.pid = static_cast<pid_t>(std::strtol(line.c_str(), nullptr, 10));
  process.command = line.substr(open + 1, close - open - 1);
  std::istringstream rest(line.substr(close + 1));
  rest >> process.state >> process.parent >> process.group >> process.session;
  return rest ? process : Process{};
}

std::vector<Process> processes_of_session(pid_t session) {
  std::vector<Process> found;
  DIR* proc = opendir("/proc");
  if (proc == nullptr) return found;
  while (const dirent* entry = readdir(proc)) {
    if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
    Process process = read_process(std::string("/proc/") + entry->d_name);
    if (process.pid != 0 && process.session == session) found.push_back(std::move(process));
  }
  closedir(proc);
  std::ranges::sort(found, {}, &Process::pid);
  return found;
}

bool kill_group_of_session(pid_t group, pid_t session) {
  if (group <= 1) return false;  // kill(2): 0 and -1 mean others
  for (const Process& process : processes_of_session(session))
    if (process.group == group && process.state != 'Z') return kill(-group, SIGKILL) == 0;
  return false;
}

bool kill_session(pid_t session) {
  // A process with a deadly signal pending forks no more: each look finds anew only what was forked during the last one.
  constexpr int kLooks = 64;
  std::vector<pid_t> killed;
  for (int look = 0; look < kLooks; ++look) {
    const std::size_t before = killed.size();
    for (const Process& process : processes_of_session(session)) {
      if (process.state == 'Z' || std::ranges::find(killed, process.pid) != killed.end()) continue;
      kill(process.pid, SIGKILL);
      killed.push_back(process.pid);
    }
    if (killed.size() == before) return true;
  }
  return false;
}

}  // namespace farpty::pty
