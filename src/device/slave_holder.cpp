#include "device/slave_holder.hpp"

#include <dirent.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

namespace farpty::device {

namespace {

struct CloseFolder {
  void operator()(DIR* folder) const { closedir(folder); }
};
using Folder = std::unique_ptr<DIR, CloseFolder>;

bool is_number(const char* name) { return name[0] >= '0' && name[0] <= '9'; }

OwnedFd duplicate(pid_t pid, int fd, std::uint64_t inode) {
  const OwnedFd process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  if (!process) return {};
  OwnedFd taken(static_cast<int>(syscall(SYS_pidfd_getfd, process.get(), fd, 0)));  // close-on-exec by definition
  struct stat status{};
  // The number may have come to mean another file since it was seen.
  if (!taken || fstat(taken.get(), &status) != 0 || status.st_ino != inode || !S_ISSOCK(status.st_mode)) return {};
  return taken;
}

OwnedFd take_from(const char* pid, const std::string& wanted, std::uint64_t inode) {
  char path[32];
  std::snprintf(path, sizeof path, "/proc/%s/fd", pid);
  const Folder folder(opendir(path));
  if (!folder) return {};
  while (const dirent* entry = readdir(folder.get())) {
    if (!is_number(entry->d_name)) continue;
    char target[64];
    const ssize_t size = readlinkat(dirfd(folder.get()), entry->d_name, target, sizeof target);
    if (size <= 0 || std::string_view(target, static_cast<std::size_t>(size)) != wanted) continue;
    if (OwnedFd taken = duplicate(std::atoi(pid), std::atoi(entry->d_name), inode)) return taken;
  }
  return {};
}

}  // namespace

OwnedFd take_from_holder(std::uint64_t inode, pid_t likely) {
  const std::string wanted = "socket:[" + std::to_string(inode) + "]";
  if (likely > 0)
    if (OwnedFd taken = take_from(std::to_string(likely).c_str(), wanted, inode)) return taken;
  const Folder processes(opendir("/proc"));
  while (const dirent* entry = processes ? readdir(processes.get()) : nullptr) {
    if (!is_number(entry->d_name)) continue;
    if (OwnedFd taken = take_from(entry->d_name, wanted, inode)) return taken;
  }
  return {};
}

}  // namespace farpty::device
