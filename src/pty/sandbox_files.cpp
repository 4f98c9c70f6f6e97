#include "pty/sandbox_files.hpp"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace farpty::pty {
namespace {

// linux/landlock.h of later kernels; Debian 12's header ends with ABI 2.
constexpr std::uint64_t kTruncate = 1ULL << 14;        // LANDLOCK_ACCESS_FS_TRUNCATE, ABI 3
constexpr std::uint64_t kDeviceIoctl = 1ULL << 15;     // LANDLOCK_ACCESS_FS_IOCTL_DEV, ABI 5
constexpr std::uint64_t kTcp = 0b11;                   // LANDLOCK_ACCESS_NET_BIND_TCP, _CONNECT_TCP, ABI 4
constexpr std::uint64_t kAbstractSockets = 1ULL << 0;  // LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET, ABI 6
constexpr std::uint64_t kSignals = 1ULL << 1;          // LANDLOCK_SCOPE_SIGNAL, ABI 6

// struct landlock_ruleset_attr as of ABI 6. Older kernels take it as long as what they do not know is zero.
struct RulesetAttributes {
  std::uint64_t files = 0;
  std::uint64_t net = 0;
  std::uint64_t scoped = 0;
};

constexpr std::uint64_t kReadFile = LANDLOCK_ACCESS_FS_READ_FILE;
constexpr std::uint64_t kRead = kReadFile | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t kReadAndExecute = kRead | LANDLOCK_ACCESS_FS_EXECUTE;
constexpr std::uint64_t kReadWrite = kReadFile | LANDLOCK_ACCESS_FS_WRITE_FILE;

constexpr std::uint64_t handled_by(int abi) {
  std::uint64_t rights = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;  // ABI 1: bits 0 to 12
  if (abi >= 2) rights |= LANDLOCK_ACCESS_FS_REFER;
  if (abi >= 3) rights |= kTruncate;
  if (abi >= 5) rights |= kDeviceIoctl;
  return rights;
}

// Everything but device files, which would be a way to other devices, and their ioctls.
constexpr std::uint64_t own_folder(int abi) {
  return handled_by(abi) & ~(LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK | kDeviceIoctl);
}

constexpr const char* kPrograms[] = {"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"};

// What the C library, shells, curses, editors and interpreters read at their start; nothing here is secret on Debian.
constexpr const char* kSettings[] = {
    "/etc/ld.so.cache", "/etc/ld.so.preload", "/etc/nsswitch.conf", "/etc/passwd",     "/etc/group",
    "/etc/localtime",   "/etc/timezone",      "/etc/locale.alias",  "/etc/terminfo",   "/etc/inputrc",
    "/etc/profile",     "/etc/profile.d",     "/etc/bash.bashrc",   "/etc/zsh",        "/etc/vim",
    "/etc/nanorc",      "/etc/less",          "/etc/python3.11",    "/etc/os-release", "/etc/debian_version",
    "/etc/mime.types",  "/etc/perl",          "/etc/alternatives"};

constexpr const char* kDevices[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"};

// A rule for what `fd` refers to; rights that only folders can have are left out for a file, where the kernel wants
// none.
int add_rule(int ruleset, int fd, std::uint64_t rights) noexcept {
  struct stat status{};
  if (::fstat(fd, &status) < 0) return errno;
  constexpr std::uint64_t kOfFiles = kReadWrite | LANDLOCK_ACCESS_FS_EXECUTE | kTruncate | kDeviceIoctl;
  if (!S_ISDIR(status.st_mode)) rights &= kOfFiles;
  const landlock_path_beneath_attr rule{.allowed_access = rights, .parent_fd = fd};
  return ::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0 ? 0 : errno;
}

enum class Missing { kSkipped, kFailure };

Result<> allow(int ruleset, const std::string& path, std::uint64_t rights, Missing missing) {
  const OwnedFd place(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!place && missing == Missing::kSkipped && (errno == ENOENT || errno == ENOTDIR)) return {};
  if (!place) return os_error("cannot open", path);
  if (const int code = add_rule(ruleset, place.get(), rights); code != 0)
    return os_error("cannot make a Landlock rule for", path, code);
  return {};
}

}  // namespace

Result<int> landlock_abi() {
  const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (abi > 0) return static_cast<int>(abi);
  if (errno == EOPNOTSUPP)
    return failure("cannot confine files by", "Landlock", "it is switched off in this kernel",
                   "add landlock to lsm= on the kernel's command line and boot again");
  if (errno == ENOSYS)
    return failure("cannot confine files by", "Landlock", "this kernel has none",
                   "needs Linux 5.13 with CONFIG_SECURITY_LANDLOCK; Debian 12's kernel has it");
  return os_error("cannot confine files by", "Landlock");
}

Result<OwnedFd> file_rules(int abi, const std::string& home, const std::string& tmp) {
  RulesetAttributes attributes{.files = handled_by(abi)};
  if (abi >= 4) attributes.net = kTcp;  // no socket can be made anyway
  if (abi >= kAbiWithScopes) attributes.scoped = kAbstractSockets | kSignals;
  OwnedFd ruleset(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0)));
  if (!ruleset) return os_error("cannot make", "a Landlock ruleset");

  for (const char* path : kPrograms) FARPTY_TRY(allow(ruleset.get(), path, kReadAndExecute, Missing::kSkipped));
  for (const char* path : kSettings) FARPTY_TRY(allow(ruleset.get(), path, kRead, Missing::kSkipped));
  // Their ioctls are harmless, and isatty() on one is to say "not a terminal", not "permission denied".
  const std::uint64_t device = kReadWrite | (handled_by(abi) & kDeviceIoctl);
  for (const char* path : kDevices) FARPTY_TRY(allow(ruleset.get(), path, device, Missing::kSkipped));
  for (const std::string& path : {home, tmp})
    FARPTY_TRY(allow(ruleset.get(), path, own_folder(abi), Missing::kFailure));
  return ruleset;
}

int allow_own_terminal(int ruleset, int abi) noexcept {
  const std::uint64_t rights = kReadWrite | (handled_by(abi) & kDeviceIoctl);
  for (const int fd : {0, 1, 2}) {
    termios settings{};
    if (::tcgetattr(fd, &settings) < 0) continue;  // a pipe, or closed
    if (const int code = add_rule(ruleset, fd, rights); code != 0) return code;
  }
  return 0;
}

int confine_files(int ruleset) noexcept { return ::syscall(SYS_landlock_restrict_self, ruleset, 0) == 0 ? 0 : errno; }

}  // namespace farpty::pty
