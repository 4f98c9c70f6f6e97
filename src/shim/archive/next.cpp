// What musl's functions do behind ours. There is no dlsym(3) in a static program, and a second function of the same name cannot
// be linked; these few do more than their system call.
#include "shim/libc.hpp"
#include "shim/syscall.hpp"
#include "ttycall/stat.hpp"
#include "ttycall/text.hpp"
#include "ttycall/tty_ioctl.hpp"

// musl's own: changes the user of all threads. -1 and errno.
extern "C" __attribute__((visibility("hidden"))) int __setxid(int number, int id, int effective, int saved);

namespace {

using namespace farpty::shim;
namespace error = farpty::ttycall::error;

constexpr int kEffective = 0x200, kNoFollow = 0x100, kPathOnly = 010000000;  // AT_EACCESS, AT_SYMLINK_NOFOLLOW, O_PATH
constexpr long kNotSupported = -95, kNoSuchCall = -38;

int set_user(unsigned uid) { return __setxid(__NR_setuid, static_cast<int>(uid), 0, 0); }
int set_users(unsigned real, unsigned effective) {
  return __setxid(__NR_setreuid, static_cast<int>(real), static_cast<int>(effective), 0);
}
int set_three_users(unsigned real, unsigned effective, unsigned saved) {
  return __setxid(__NR_setresuid, static_cast<int>(real), static_cast<int>(effective), static_cast<int>(saved));
}

// Linux before 5.8 has no flags here: the real user is asked for, who is the effective one in most programs.
int may_access(int folder, const char* path, int how, int flags) {
  long result = flags == 0 ? kNoSuchCall : call(__NR_faccessat2, folder, address(path), how, flags);
  const bool same_user = call(__NR_getuid) == call(__NR_geteuid) && call(__NR_getgid) == call(__NR_getegid);
  if (result == kNoSuchCall && (flags & ~kEffective) == 0 && (flags == 0 || same_user))
    result = call(__NR_faccessat, folder, address(path), how);
  return finish(result);
}
int may_effectively(const char* path, int how) { return may_access(kAtCwd, path, how, kEffective); }

// chmod of what the name is, not of what a symbolic link leads to: by a descriptor that is nothing else.
long change_mode_of_itself(int folder, const char* path, unsigned mode) {
#if defined(__x86_64__)
  constexpr int kNotThroughLinks = 0400000;  // O_NOFOLLOW of <asm/fcntl.h>
#else
  constexpr int kNotThroughLinks = 0100000;
#endif
  const long fd = open_call(folder, path, kPathOnly | kCloexec | kNotThroughLinks, 0);
  if (fd < 0) return fd;
  farpty::ttycall::KernelStat status;
  constexpr std::uint32_t kLink = 0120000;
  long result = call(__NR_fstat, fd, address(&status));
  if (result >= 0 && (status.mode & farpty::ttycall::kTypeMask) == kLink) result = kNotSupported;
  if (result >= 0) {
    char name[40];
    farpty::ttycall::print(farpty::ttycall::print(name, "/proc/self/fd/"), static_cast<int>(fd));
    result = call(__NR_fchmodat, kAtCwd, address(name), static_cast<long>(mode));
  }
  close(static_cast<int>(fd));
  return result;
}
int change_mode(int folder, const char* path, unsigned mode, int flags) {
  if (flags == 0) return finish(call(__NR_fchmodat, folder, address(path), static_cast<long>(mode)));
  return finish(flags == kNoFollow ? change_mode_of_itself(folder, path, mode) : -error::kInval);
}

// What the kernel takes for lengths of 64 bits has holes in musl's structures, which may hold anything (recvmsg(2), POSIX's types).
struct Message {
  void* name;
  unsigned name_size;
  void* parts;
  unsigned part_count, hole;
  void* control;
  unsigned control_size, second_hole;
  int flags;
};
long receive_message(int fd, void* raw, int flags) {
  auto* const message = static_cast<Message*>(raw);
  message->hole = message->second_hole = 0;
  return finish<long>(cancellable([&] { return call(__NR_recvmsg, fd, address(message), flags); }));
}

}  // namespace

namespace farpty::shim {

void* find_next(const char* name) {
  const struct {
    const char* name;
    void* function;
  } known[] = {
      {"setuid", reinterpret_cast<void*>(&set_user)},
      {"setreuid", reinterpret_cast<void*>(&set_users)},
      {"setresuid", reinterpret_cast<void*>(&set_three_users)},
      {"faccessat", reinterpret_cast<void*>(&may_access)},
      {"euidaccess", reinterpret_cast<void*>(&may_effectively)},
      {"fchmodat", reinterpret_cast<void*>(&change_mode)},
      {"recvmsg", reinterpret_cast<void*>(&receive_message)},
  };
  for (const auto& one : known)
    if (ttycall::same(name, one.name)) return one.function;
  return nullptr;
}

}  // namespace farpty::shim
