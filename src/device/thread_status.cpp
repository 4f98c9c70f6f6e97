#include "device/thread_status.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>

#include "base/owned_fd.hpp"
#include "device/process_groups.hpp"

namespace farpty::device {

namespace {

// The numbers of a line; what is none ends it.
template <typename T>
std::size_t numbers(std::string_view text, T* to, std::size_t room, int base) {
  std::size_t count = 0;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (count < room) {
    while (at < end && (*at == ' ' || *at == '\t')) ++at;
    const auto [rest, code] = std::from_chars(at, end, to[count], base);
    if (code != std::errc{}) break;
    at = rest;
    ++count;
  }
  return count;
}

void read_numbers(std::string_view text, Numbers& to) { to.count = numbers(text, to.number.data(), to.kMost, 10); }

// The namespace's identity; 0 where it cannot be seen.
ino_t namespace_of(pid_t thread) {
  char path[48];
  if (thread == 0)
    std::snprintf(path, sizeof path, "/proc/self/ns/pid");
  else
    std::snprintf(path, sizeof path, "/proc/%d/ns/pid", thread);
  struct stat status{};
  return stat(path, &status) == 0 ? status.st_ino : 0;
}

// Where a thread counts otherwise than we do, how deep below us; 0 where it does not, or cannot be looked at.
std::size_t depth_of(pid_t thread) {
  const ino_t theirs = namespace_of(thread);
  if (theirs == 0 || theirs == namespace_of(0)) return 0;
  const auto status = status_of(thread);
  return status && status->pids.count > 0 ? status->pids.count - 1 : 0;
}

}  // namespace

ThreadStatus parse_thread_status(std::string_view text) {
  ThreadStatus status;
  while (!text.empty()) {
    const auto newline = text.find('\n');
    const std::string_view line = text.substr(0, newline);
    text.remove_prefix(newline == std::string_view::npos ? text.size() : newline + 1);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view name = line.substr(0, colon), value = line.substr(colon + 1);
    if (name == "Tgid") numbers(value, &status.process, 1, 10);
    if (name == "SigBlk") numbers(value, &status.blocked, 1, 16);
    if (name == "SigIgn") numbers(value, &status.ignored, 1, 16);
    if (name == "NSpid") read_numbers(value, status.pids);
    if (name == "NSpgid") read_numbers(value, status.groups);
    if (name == "NSsid") read_numbers(value, status.sessions);
    if (name == "Uid") {
      uid_t uids[2];
      if (numbers(value, uids, 2, 10) == 2) status.uid = uids[1];
    }
  }
  return status;
}

std::optional<ThreadStatus> status_of(pid_t thread) {
  char path[32], text[4096];
  std::snprintf(path, sizeof path, "/proc/%d/status", thread);
  const OwnedFd file(::open(path, O_RDONLY | O_CLOEXEC));
  if (!file) return std::nullopt;
  const ssize_t size = ::read(file.get(), text, sizeof text);
  if (size <= 0) return std::nullopt;
  return parse_thread_status({text, static_cast<std::size_t>(size)});
}

pid_t group_as_seen_by(pid_t thread, pid_t group) {
  const std::size_t depth = depth_of(thread);
  if (depth == 0 || group <= 0) return group;
  const auto member = status_of(member_of_group(group));
  return member ? member->groups.at(depth) : 0;
}

pid_t group_as_named_by(pid_t thread, pid_t group) {
  const std::size_t depth = depth_of(thread);
  if (depth == 0 || group <= 0) return group;
  const ino_t theirs = namespace_of(thread);
  pid_t found = 0;
  any_process_number([&](pid_t process) {
    const auto status = status_of(process);
    if (!status || status->groups.at(depth) != group) return false;
    // Another namespace at the same depth has the same numbers.
    if (status->pids.count == depth + 1 && namespace_of(process) != theirs) return false;
    found = status->groups.at(0);
    return true;
  });
  return found;
}

}  // namespace farpty::device
