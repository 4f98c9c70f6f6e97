#include "pty/child_table.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/owned_fd.hpp"

namespace farpty::pty {

namespace {

// getdents64(2): what the kernel writes; glibc's readdir allocates.
struct Entry {
  std::uint64_t inode;
  std::int64_t offset;
  std::uint16_t length;
  std::uint8_t type;
  char name[1];
};

int number(std::string_view text) {
  int value = -1;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// The fourth field of /proc/PID/stat (proc(5)); the second, in parentheses, may hold anything. -1 where it is gone.
pid_t parent_of(int proc, std::string_view pid) noexcept {
  char path[32] = {};
  constexpr std::string_view kFile = "/stat";
  if (pid.size() + kFile.size() >= sizeof path) return -1;
  pid.copy(path, pid.size());
  kFile.copy(path + pid.size(), kFile.size());
  const OwnedFd file(openat(proc, path, O_RDONLY | O_CLOEXEC));
  char text[512];
  const ssize_t count = file ? read(file.get(), text, sizeof text) : -1;
  if (count <= 0) return -1;
  std::string_view rest(text, static_cast<std::size_t>(count));
  const auto after_name = rest.rfind(')');
  if (after_name == std::string_view::npos || rest.size() < after_name + 5) return -1;
  return number(rest.substr(after_name + 4));  // ") S PPID"
}

}  // namespace

KillCount kill_children() noexcept {
  KillCount count;
  const OwnedFd proc(open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!proc) return {.found = 1};  // as good as not allowed
  const pid_t self = getpid();
  alignas(Entry) char buffer[8192];
  long filled = 0;
  while ((filled = syscall(SYS_getdents64, proc.get(), buffer, sizeof buffer)) > 0) {
    for (long at = 0; at < filled;) {
      const auto* entry = reinterpret_cast<const Entry*>(buffer + at);
      at += entry->length;
      const std::string_view name(buffer + (at - entry->length) + offsetof(Entry, name));
      const pid_t pid = name.front() >= '1' && name.front() <= '9' ? number(name) : -1;
      if (pid <= 1 || parent_of(proc.get(), name) != self) continue;
      ++count.found;
      if (kill(pid, SIGKILL) == 0) ++count.killed;
    }
  }
  return count;
}

}  // namespace farpty::pty
