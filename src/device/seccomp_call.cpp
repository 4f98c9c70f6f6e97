#include "device/seccomp_call.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "device/thread_status.hpp"
#include "ttycall/filter.hpp"

namespace farpty::device {

namespace {

struct Path {
  char text[48];
};
Path path_of(pid_t thread, int fd) {
  Path path;
  std::snprintf(path.text, sizeof path.text, "/proc/%d/fd/%d", thread, fd);
  return path;
}

using Copy = ssize_t (*)(pid_t, const iovec*, unsigned long, const iovec*, unsigned long, unsigned long);

long copy_memory(Copy copy, pid_t thread, void* ours, std::uint64_t theirs, std::size_t size) {
  const iovec local{.iov_base = ours, .iov_len = size};
  // NOLINTNEXTLINE(performance-no-int-to-ptr): an address of another process
  const iovec remote{.iov_base = reinterpret_cast<void*>(theirs), .iov_len = size};
  const ssize_t count = copy(thread, &local, 1, &remote, 1, 0);
  return count >= 0 ? count : -errno;
}

}  // namespace

SeccompCall::SeccompCall(std::shared_ptr<const OwnedFd> listener, const seccomp_notif& notice)
    : StoppedCall(notice.data.nr,
                  {notice.data.args[0], notice.data.args[1], notice.data.args[2], notice.data.args[3],
                   notice.data.args[4], notice.data.args[5]},
                  static_cast<pid_t>(notice.pid)),
      listener_(std::move(listener)),
      id_(notice.id) {}

long SeccompCall::read(std::uint64_t from, void* to, std::size_t size) {
  return copy_memory(process_vm_readv, thread, to, from, size);
}

long SeccompCall::write(std::uint64_t to, const void* from, std::size_t size) {
  const long count = copy_memory(process_vm_writev, thread, const_cast<void*>(from), to, size);
  return count < 0 || static_cast<std::size_t>(count) == size ? count : -EFAULT;
}

std::optional<FileIdentity> SeccompCall::file(int fd) const {
  struct stat status{};
  if (fd < 0 || stat(path_of(thread, fd).text, &status) != 0) return std::nullopt;
  return FileIdentity{.device = status.st_dev, .inode = status.st_ino};
}

// A socket cannot be opened by its name in /proc, hence pidfd_getfd(2), Linux 5.6; it wants a process, not a thread.
OwnedFd SeccompCall::copy_of(int fd) const {
  const auto status = status_of(thread);
  if (!status) return {};
  const OwnedFd process(static_cast<int>(syscall(SYS_pidfd_open, status->process, 0)));
  if (!process) return {};
  return OwnedFd(static_cast<int>(syscall(SYS_pidfd_getfd, process.get(), fd, 0)));
}

bool SeccompCall::waits() const { return ioctl(listener_->get(), SECCOMP_IOCTL_NOTIF_ID_VALID, &id_) == 0; }

// What goes to nobody fails with ENOENT: a signal has taken the thread away.
bool SeccompCall::answer(std::int64_t result) {
  seccomp_notif_resp word{};
  word.id = id_;
  if (result < 0)
    word.error = static_cast<std::int32_t>(result);
  else
    word.val = result;
  return ioctl(listener_->get(), SECCOMP_IOCTL_NOTIF_SEND, &word) == 0;
}

bool SeccompCall::let_go() {
  seccomp_notif_resp word{};
  word.id = id_;
  word.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  return ioctl(listener_->get(), SECCOMP_IOCTL_NOTIF_SEND, &word) == 0;
}

bool SeccompCall::has(int fd) const {
  struct stat status{};
  return lstat(path_of(thread, fd).text, &status) == 0;
}

// One that the filter watches, unless the program has closed one of the first three to have it filled; -1: the lowest.
int SeccompCall::free_number() const {
  for (const int fd : {0, 1, 2})
    if (!has(fd)) return -1;
  const auto first = static_cast<int>(ttycall::kFirstHandedOut);
  for (int fd = first; fd < first + static_cast<int>(ttycall::kMostHandedOut); ++fd)
    if (!has(fd)) return fd;
  return -1;
}

int SeccompCall::hand_out(int fd, OnExec on_exec) {
  const std::uint32_t on = on_exec == OnExec::kClose ? O_CLOEXEC : 0;
  seccomp_notif_addfd added{
      .id = id_, .flags = 0, .srcfd = static_cast<std::uint32_t>(fd), .newfd = 0, .newfd_flags = on};
  const auto add = [&](int number, std::uint32_t flags) {
    added.newfd = number < 0 ? 0 : static_cast<std::uint32_t>(number);
    added.flags = flags | (number < 0 ? 0 : SECCOMP_ADDFD_FLAG_SETFD);
    const int result = ioctl(listener_->get(), SECCOMP_IOCTL_NOTIF_ADDFD, &added);
    return result >= 0 ? result : -errno;
  };
  const int number = free_number();
  // With the answer in one step (Linux 5.14), so that a signal between the two leaves no descriptor behind.
  int result = add(number, SECCOMP_ADDFD_FLAG_SEND);
  if (result == -EBADF && number >= 0) result = add(-1, SECCOMP_ADDFD_FLAG_SEND);  // beyond its limit (RLIMIT_NOFILE)
  if (result >= 0) return result;
  if (result == -EINVAL) result = add(-1, 0);
  answer(result);
  return result;
}

}  // namespace farpty::device
