// ThreadStatus: what /proc/PID/status says of a thread, as far as terminals need it: its process, its user, what it does with
// signals, and its numbers in each pid namespace (proc(5), pid_namespaces(7)).
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace farpty::device {

// Numbers of one thing in nested pid namespaces, the outermost that we see first.
struct Numbers {
  static constexpr std::size_t kMost = 33;  // linux/pid_namespace.h: MAX_PID_NS_LEVEL, and the first
  std::array<pid_t, kMost> number{};
  std::size_t count = 0;

  [[nodiscard]] pid_t innermost() const { return count == 0 ? 0 : number[count - 1]; }
  // 0 where it has none there.
  [[nodiscard]] pid_t at(std::size_t level) const { return level < count ? number[level] : 0; }
};

struct ThreadStatus {
  pid_t process = 0;
  uid_t uid = static_cast<uid_t>(-1);  // the effective one
  std::uint64_t blocked = 0, ignored = 0;
  Numbers pids, groups, sessions;

  [[nodiscard]] bool holds_back(int signal) const { return ((blocked | ignored) >> (signal - 1) & 1) != 0; }
};

// Pure: the text of such a file.
[[nodiscard]] ThreadStatus parse_thread_status(std::string_view text);

[[nodiscard]] std::optional<ThreadStatus> status_of(pid_t thread);

// Process groups in the numbers of `thread`'s pid namespace: 0 where it sees none of that number. Where it is our own
// namespace, as nearly always, this is one look.
[[nodiscard]] pid_t group_as_seen_by(pid_t thread, pid_t group);
[[nodiscard]] pid_t group_as_named_by(pid_t thread, pid_t group);

}  // namespace farpty::device
