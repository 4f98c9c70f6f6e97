#include "device/nonblocking.hpp"

#include <cstdio>
#include <cstring>

#include "device/thread_status.hpp"

namespace farpty::device {

namespace {

// proc(5), /proc/PID/stat, (22) starttime: clock ticks since the machine's start; 0 where there is no such process.
std::uint64_t start_of(pid_t process) {
  char path[32], line[1024];
  std::snprintf(path, sizeof path, "/proc/%d/stat", process);
  std::FILE* const file = std::fopen(path, "re");
  if (file == nullptr) return 0;
  const std::size_t size = std::fread(line, 1, sizeof line - 1, file);
  std::fclose(file);
  line[size] = 0;
  const char* const rest = std::strrchr(line, ')');
  unsigned long long start = 0;
  if (rest == nullptr ||
      std::sscanf(rest + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
                  &start) != 1)
    return 0;
  return start;
}

pid_t process_of(pid_t thread) {
  const auto status = status_of(thread);
  return status ? status->process : 0;
}

}  // namespace

void Nonblocking::set(pid_t thread, int fd, bool on) {
  if (!on && started_.empty()) return;
  const Key key{.fd = fd, .process = process_of(thread)};
  if (!on) {
    started_.erase(key);
    return;
  }
  if (started_.size() >= kMost) drop_the_ended();
  if (started_.size() < kMost) started_[key] = start_of(key.process);
}

bool Nonblocking::contains(pid_t thread, int fd) const {
  // Mostly nobody has set it on a descriptor of that number: then nothing has to be asked of /proc.
  const auto any = started_.lower_bound({.fd = fd, .process = 0});
  if (any == started_.end() || any->first.fd != fd) return false;
  const auto found = started_.find({.fd = fd, .process = process_of(thread)});
  return found != started_.end() && found->second != 0 && found->second == start_of(found->first.process);
}

void Nonblocking::drop_the_ended() {
  std::erase_if(started_, [](const auto& entry) { return start_of(entry.first.process) != entry.second; });
}

}  // namespace farpty::device
