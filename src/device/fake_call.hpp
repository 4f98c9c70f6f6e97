// FakeCall: a stopped call without a program, for tests and the fuzzer: its memory and descriptors are said, and the word is
// kept. The thread is this process, whose session and group the kernel knows.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <optional>
#include <string>

#include "base/check.hpp"
#include "device/stopped_call.hpp"

namespace farpty::device {

class FakeCall final : public StoppedCall {
 public:
  static constexpr std::uint64_t kMemory = 0x10000;  // where its memory begins

  FakeCall(int number, const Arguments& arguments, std::string memory = {}, pid_t thread = getpid())
      : StoppedCall(number, arguments, thread), memory(std::move(memory)) {}

  std::string memory;
  std::map<int, FileIdentity> files;
  std::map<int, int> descriptors;  // lent: of which copies can be had
  bool gone = false;
  bool forbidden = false;  // its memory is not ours to look into

  std::optional<std::int64_t> answered;
  bool let_gone = false;
  std::optional<FileIdentity> handed_out;  // what the descriptor is
  OwnedFd given;                           // a duplicate of it
  OnExec on_exec = OnExec::kKeep;

  [[nodiscard]] bool has_word() const { return answered || let_gone || handed_out; }

  long read(std::uint64_t from, void* to, std::size_t size) override {
    if (forbidden) return -EPERM;
    if (from < kMemory || from - kMemory >= memory.size()) return -EFAULT;
    return static_cast<long>(memory.copy(static_cast<char*>(to), size, from - kMemory));
  }
  long write(std::uint64_t to, const void* from, std::size_t size) override {
    if (forbidden) return -EPERM;
    if (to < kMemory || to - kMemory > memory.size() || memory.size() - (to - kMemory) < size) return -EFAULT;
    std::memcpy(memory.data() + (to - kMemory), from, size);
    return static_cast<long>(size);
  }
  [[nodiscard]] std::optional<FileIdentity> file(int fd) const override {
    const auto found = files.find(fd);
    return found == files.end() ? std::nullopt : std::optional(found->second);
  }
  [[nodiscard]] OwnedFd copy_of(int fd) const override {
    const auto found = descriptors.find(fd);
    return found == descriptors.end() ? OwnedFd() : OwnedFd(fcntl(found->second, F_DUPFD_CLOEXEC, 0));
  }
  [[nodiscard]] bool waits() const override { return !gone && !has_word(); }

  bool answer(std::int64_t result) override {
    FARPTY_CHECK(!has_word());
    if (!gone) answered = result;
    return !gone;
  }
  bool let_go() override {
    FARPTY_CHECK(!has_word());
    let_gone = !gone;
    return !gone;
  }
  int hand_out(int fd, OnExec when) override {
    FARPTY_CHECK(!has_word());
    if (gone) return -ENOENT;
    struct ::stat status{};
    FARPTY_CHECK(fstat(fd, &status) == 0);
    handed_out = FileIdentity{.device = status.st_dev, .inode = status.st_ino};
    given = OwnedFd(fcntl(fd, F_DUPFD_CLOEXEC, 0));
    on_exec = when;
    return 960;
  }
};

}  // namespace farpty::device
