#include "device/process_groups.hpp"

#include <dirent.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace farpty::device {

namespace {

struct Status {
  char state = 0;
  pid_t parent = 0, group = 0, session = 0;
};

// proc(5), /proc/PID/stat. The command in parentheses may hold anything.
bool read_status(pid_t pid, Status& status) {
  char path[64], line[512];
  std::snprintf(path, sizeof path, "/proc/%d/stat", pid);
  std::FILE* file = std::fopen(path, "re");
  if (file == nullptr) return false;
  const std::size_t size = std::fread(line, 1, sizeof line - 1, file);
  std::fclose(file);
  line[size] = 0;
  const char* rest = std::strrchr(line, ')');
  return rest != nullptr &&
         std::sscanf(rest + 1, " %c %d %d %d", &status.state, &status.parent, &status.group, &status.session) == 4;
}

template <typename See>
bool any_process(See see) {
  return any_process_number([&](pid_t pid) {
    Status status;
    return read_status(pid, status) && see(pid, status);
  });
}

}  // namespace

bool any_process_number(const std::function<bool(pid_t)>& see) {
  DIR* const processes = opendir("/proc");
  if (processes == nullptr) return false;
  bool found = false;
  while (const dirent* entry = readdir(processes)) {
    if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
    found = see(static_cast<pid_t>(std::strtol(entry->d_name, nullptr, 10)));
    if (found) break;
  }
  closedir(processes);
  return found;
}

pid_t member_of_group(pid_t group) {
  if (group <= 1) return 0;
  if (getpgid(group) == group) return group;  // its leader lives
  pid_t member = 0;
  any_process([&](pid_t pid, const Status& status) {
    if (status.group != group) return false;
    member = pid;
    return true;
  });
  return member;
}

pid_t session_of_group(pid_t group) {
  const pid_t member = member_of_group(group);
  const pid_t session = member > 0 ? getsid(member) : 0;
  return session > 0 ? session : 0;
}

bool is_orphaned(pid_t group, pid_t session) {
  return !any_process([&](pid_t, const Status& status) {
    if (status.group != group || status.session != session || status.state == 'Z' || status.parent <= 1) return false;
    const pid_t parents_group = getpgid(status.parent);
    return parents_group > 0 && parents_group != group && getsid(status.parent) == session;
  });
}

uid_t effective_uid(pid_t pid) {
  char path[32];
  std::snprintf(path, sizeof path, "/proc/%d/status", pid);
  std::FILE* const file = std::fopen(path, "re");
  if (file == nullptr) return static_cast<uid_t>(-1);
  char line[256];
  unsigned uid = static_cast<unsigned>(-1);
  while (std::fgets(line, sizeof line, file) != nullptr)
    if (std::sscanf(line, "Uid: %*u %u", &uid) == 1) break;
  std::fclose(file);
  return uid;
}

bool signal_group(pid_t group, pid_t session, int signal) {
  if (group <= 1 || session <= 0 || session_of_group(group) != session) return false;
  return kill(-group, signal) == 0;
}

}  // namespace farpty::device
