#include "pty/private_devpts.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "pty/kernel_pty.hpp"

namespace farpty::pty {

namespace {

constexpr const char* kOptions = "newinstance,ptmxmode=0666,mode=0620";  // filesystems/devpts.rst of the kernel

ChildFailure failed(const char* step) { return {.code = errno, .step = step}; }

bool write_file(const char* path, const char* text) {
  const OwnedFd file(::open(path, O_WRONLY | O_CLOEXEC));
  return file && write(file.get(), text, std::strlen(text)) >= 0;
}

// user_namespaces(7): an ordinary user may map the own ids only, and must give up setgroups(2) for it.
ChildFailure enter_user_namespace() {
  char uid_map[64];
  char gid_map[64];
  std::snprintf(uid_map, sizeof uid_map, "%u %u 1", geteuid(), geteuid());
  std::snprintf(gid_map, sizeof gid_map, "%u %u 1", getegid(), getegid());
  if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return failed("a user namespace");
  if (!write_file("/proc/self/setgroups", "deny") && errno != ENOENT) return failed("a user namespace's groups");
  if (!write_file("/proc/self/uid_map", uid_map)) return failed("a user namespace's user");
  if (!write_file("/proc/self/gid_map", gid_map)) return failed("a user namespace's group");
  return {};
}

bool is_own_name(const char* name) {
  for (const char* ours : {".", "..", "pts", "ptmx"})
    if (std::strcmp(name, ours) == 0) return true;
  return false;
}

// One entry of the host's /dev, held by `old`, under the same name in the new one. What cannot be taken over is left out.
void take_over(int old, const char* name) {
  struct stat status{};
  if (fstatat(old, name, &status, AT_SYMLINK_NOFOLLOW) != 0) return;
  char to[PATH_MAX];
  std::snprintf(to, sizeof to, "/dev/%s", name);
  if (S_ISLNK(status.st_mode)) {
    char target[PATH_MAX];
    const ssize_t size = readlinkat(old, name, target, sizeof target - 1);
    if (size <= 0) return;
    target[size] = 0;
    (void)!symlink(target, to);
    return;
  }
  const OwnedFd place(openat(old, name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (S_ISDIR(status.st_mode))
    mkdir(to, 0755);
  else
    OwnedFd(::open(to, O_CREAT | O_WRONLY | O_CLOEXEC, 0600)).reset();
  char from[64];
  std::snprintf(from, sizeof from, "/proc/self/fd/%d", place.get());
  if (!place || mount(from, to, nullptr, MS_BIND | MS_REC, nullptr) != 0) {
    S_ISDIR(status.st_mode) ? rmdir(to) : unlink(to);
  }
}

// A /dev with a place for devpts, where the host's has none.
ChildFailure rebuild_dev() {
  DIR* const old = opendir("/dev");
  if (old == nullptr) return failed("a place for it: there is no /dev");
  if (mount("farpty", "/dev", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=755,size=64k") != 0)
    return failed("a /dev of its own");
  while (const dirent* entry = readdir(old))
    if (!is_own_name(entry->d_name)) take_over(dirfd(old), entry->d_name);
  closedir(old);
  if (mkdir("/dev/pts", 0755) != 0) return failed("a place for it in /dev");
  if (symlink("pts/ptmx", "/dev/ptmx") != 0) return failed("/dev/ptmx");
  return {};
}

ChildFailure mount_devpts() {
  struct stat status{};
  const bool has_places = stat("/dev/pts", &status) == 0 && lstat("/dev/ptmx", &status) == 0;
  if (!has_places)
    if (const auto failure = rebuild_dev()) return failure;
  if (mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, kOptions) != 0) return failed("devpts");
  // The device of that name finds the devpts beside it (pty.c: ptmx_open); one that cannot be opened is covered.
  if (const OwnedFd master(::open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)); master) return {};
  if (mount("/dev/pts/ptmx", "/dev/ptmx", nullptr, MS_BIND, nullptr) != 0) return failed("/dev/ptmx");
  return {};
}

ChildFailure build() {
  if (unshare(CLONE_NEWNS) != 0)
    if (const auto failure = enter_user_namespace()) return failure;
  if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return failed("private mounts");
  return mount_devpts();
}

// The child that makes the namespaces lives until its parent has opened them.
[[noreturn]] void run_builder(int report, int stay) noexcept {
  const ChildFailure failure = build();
  (void)!write(report, &failure, sizeof failure);
  std::byte end{};
  (void)!read(stay, &end, 1);
  _exit(0);
}

class Builder {
 public:
  static Result<Builder> start() {
    int report[2];
    int stay[2];
    if (pipe2(report, O_CLOEXEC) != 0) return os_error("cannot make", "a pipe");
    const OwnedFd told(report[0]);
    OwnedFd telling(report[1]);
    if (pipe2(stay, O_CLOEXEC) != 0) return os_error("cannot make", "a pipe");
    const OwnedFd staying(stay[0]);
    OwnedFd holding(stay[1]);
    const pid_t pid = fork();
    if (pid == 0) {
      holding.reset();
      run_builder(telling.get(), staying.get());
    }
    if (pid < 0) return os_error("cannot make", "a process");
    Builder builder(pid, std::move(holding));
    telling.reset();
    ChildFailure failure;
    ssize_t got = 0;
    do got = read(told.get(), &failure, sizeof failure);
    while (got < 0 && errno == EINTR);
    if (got != sizeof failure) return ::farpty::failure("cannot make", "a private devpts", "its maker was killed");
    if (failure) return os_error("cannot make", std::string("a private devpts: ") + failure.step, failure.code);
    return builder;
  }
  Builder(Builder&& other) noexcept : pid_(std::exchange(other.pid_, 0)), stay_(std::move(other.stay_)) {}
  Builder& operator=(Builder&&) = delete;
  ~Builder() {
    if (pid_ == 0) return;
    stay_.reset();
    while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }

  [[nodiscard]] Result<OwnedFd> open(const char* what, int flags) const {
    const std::string path = "/proc/" + std::to_string(pid_) + "/" + what;
    OwnedFd fd(::open(path.c_str(), flags | O_CLOEXEC));
    if (!fd) return os_error("cannot open", path);
    return fd;
  }
  [[nodiscard]] std::string link(const char* what) const {
    char target[64] = {};
    (void)!readlink(("/proc/" + std::to_string(pid_) + "/" + what).c_str(), target, sizeof target - 1);
    return target;
  }

 private:
  Builder(pid_t pid, OwnedFd stay) : pid_(pid), stay_(std::move(stay)) {}
  pid_t pid_;
  OwnedFd stay_;
};

}  // namespace

Result<std::shared_ptr<const PrivateDevpts>> PrivateDevpts::make() {
  FARPTY_ASSIGN(builder, Builder::start());
  OwnedFd user;
  char own[64] = {};
  (void)!readlink("/proc/self/ns/user", own, sizeof own - 1);
  if (builder.link("ns/user") != own) {
    FARPTY_ASSIGN(namespace_fd, builder.open("ns/user", O_RDONLY));
    user = std::move(namespace_fd);
  }
  FARPTY_ASSIGN(mounts, builder.open("ns/mnt", O_RDONLY));
  FARPTY_ASSIGN(root, builder.open("root/dev/pts", O_RDONLY | O_DIRECTORY));
  std::shared_ptr<PrivateDevpts> made(new PrivateDevpts(std::move(user), std::move(mounts), std::move(root)));
  made->has_tty_ = builder.open("root/dev/tty", O_PATH).has_value();
  FARPTY_ASSIGN(master, made->open_master());
  FARPTY_ASSIGN(slave, open_slave(master.get(), SlaveBy::kMaster));
  return made;
}

Result<OwnedFd> PrivateDevpts::open_master() const {
  OwnedFd master(openat(root_.get(), "ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
  if (!master) return os_error("cannot open", "a pseudoterminal (ptmx of a private devpts)");
  return master;
}

// setns(2): into the user namespace first, whose maker has every right in it, and so over the mount namespace.
ChildFailure PrivateDevpts::Entrance::enter() const noexcept {
  if (devpts_.user_ && setns(devpts_.user_.get(), CLONE_NEWUSER) != 0)
    return {.code = errno, .step = "cannot enter the user namespace of the terminals for"};
  if (setns(devpts_.mounts_.get(), CLONE_NEWNS) != 0)
    return {.code = errno, .step = "cannot enter the mount namespace of the terminals for"};
  if (chdir(directory_.c_str()) != 0 && chdir("/") != 0) return {.code = errno, .step = "cannot find a directory for"};
  return {};
}

}  // namespace farpty::pty
