// Nonblocking: descriptors of served programs on which O_NONBLOCK is set. It never reaches the socket, whose flags all
// programs of the terminal share; each program has its own here, as in the shim.
//
// A process is known by its number and the time of its start, so that a number that comes to mean another is no longer it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>

namespace farpty::device {

class Nonblocking {
 public:
  // `thread` is any of the process's.
  void set(pid_t thread, int fd, bool on);
  [[nodiscard]] bool contains(pid_t thread, int fd) const;

 private:
  static constexpr std::size_t kMost = 4096;

  struct Key {
    int fd;
    pid_t process;
    auto operator<=>(const Key&) const = default;
  };
  void drop_the_ended();

  std::map<Key, std::uint64_t> started_;
};

}  // namespace farpty::device
