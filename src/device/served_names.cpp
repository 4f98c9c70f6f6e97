// open(2), stat(2), readlink(2), access(2), chown(2) and chmod(2) of programs without the shim: the names of terminals
// (ttycall/names.hpp), and how they look (ttycall/looks.hpp).
//
// Only absolute names are ours. A name is read once; where the kernel goes on, it reads the name again, and a program that has
// changed it in between gets what it asked the kernel for.
#include <asm/unistd.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "device/served_call.hpp"
#include "device/thread_status.hpp"
#include "ttycall/text.hpp"

namespace farpty::device {

namespace {

using ttycall::Looks;
using ttycall::Name;

constexpr std::size_t kLongestName = 64;  // longer than any of ours
constexpr std::uint64_t kPage = 4096;     // of memory; where it is larger, a read ends early and is taken up again

struct ::stat own_status(int fd) {
  struct ::stat status{};
  fstat(fd, &status);
  return status;
}

// Who the thread is for the kernel: the owner of its folder in /proc (proc(5)).
void fill_owner(pid_t thread, ttycall::KernelStat& status) {
  char path[32];
  std::snprintf(path, sizeof path, "/proc/%d", thread);
  struct ::stat folder{};
  if (::stat(path, &folder) != 0) return;
  status.uid = folder.st_uid;
  status.gid = folder.st_gid;
}

}  // namespace

// Nothing where it is none of ours: not absolute, too long, not to be read.
std::optional<Name> ServedCall::name_at(std::uint64_t path) {
  char text[kLongestName + 1];
  std::size_t size = 0;
  while (size < kLongestName) {
    const std::size_t piece = std::min<std::size_t>(kLongestName - size, kPage - (path + size) % kPage);
    const long count = call_->read(path + size, text + size, piece);
    if (count <= 0) break;
    size += static_cast<std::size_t>(count);
    if (text[0] != '/' || std::memchr(text, 0, size) != nullptr) break;
  }
  if (size == 0 || text[0] != '/' || std::memchr(text, 0, size) == nullptr) return std::nullopt;
  if (const auto fd = descriptor_called(text)) return Name{Name::Kind::kDescriptor, *fd};
  const Name name = ttycall::parse_name(text);
  return name.kind == Name::Kind::kOther ? std::nullopt : std::optional(name);
}

// /proc/PID/fd/N and /proc/thread-self/fd/N of the caller itself; /proc/self is known to parse_name.
std::optional<int> ServedCall::descriptor_called(const char* path) const {
  const char* rest = ttycall::after(path, "/proc/");
  if (rest == nullptr) return std::nullopt;
  const char* digits = ttycall::after(rest, "thread-self/fd/");
  if (digits == nullptr) {
    const int process_number = ttycall::number(rest, '/', &rest);
    if (process_number <= 0 || (digits = ttycall::after(rest, "fd/")) == nullptr) return std::nullopt;
    // As the caller counts: its own number stands for its process, which is told as we count only.
    const auto status = status_of(call_->thread);
    if (!status || (process_number != status->pids.innermost() && process_number != status->process))
      return std::nullopt;
  }
  const int fd = ttycall::number(digits);
  return fd < 0 ? std::nullopt : std::optional(fd);
}

// -- open(2)

Outcome ServedCall::open() {
  const auto& given = call_->arguments;
  std::uint64_t path = given[1], flags = given[2];
#if defined(__x86_64__)
  if (call_->number == __NR_open) {
    path = given[0];
    flags = given[1];
  } else if (call_->number == __NR_creat) {
    path = given[0];
    flags = O_CREAT | O_WRONLY | O_TRUNC;
  }
#endif
  const auto name = name_at(path);
  if (!name) return let_go();
  // struct open_how (openat2(2)) begins with the flags.
  if (call_->number == __NR_openat2 && !take(given[2], &flags, sizeof flags)) return {};
  return open_named(*name, flags);
}

Outcome ServedCall::open_named(const Name& name, std::uint64_t flags) {
  ttycall::Request request{};
  request.number = name.number;
  request.value = flags;
  switch (name.kind) {
    case Name::Kind::kOther: return let_go();
    case Name::Kind::kDescriptor:
      return duplicate(name.number, (flags & O_CLOEXEC) != 0 ? OnExec::kClose : OnExec::kKeep);
    case Name::Kind::kOwn:
      request.operation = ttycall::Operation::kOpenTty;
      if (!device_.has_terminal(getsid(call_->thread))) {
        // Perhaps one of the kernel's; but `> /dev/tty` must not make a file where there is no such device.
        return (flags & O_CREAT) != 0 || ::access("/dev/tty", F_OK) != 0 ? answer(-ENXIO) : let_go();
      }
      break;
    case Name::Kind::kMaster: request.operation = ttycall::Operation::kOpenMaster; break;
    case Name::Kind::kSlave:
      request.operation = ttycall::Operation::kOpenSlave;
      if (device_.find(name.number) == nullptr) return let_go();  // perhaps one of the kernel's
      break;
  }
  if (call_->waits()) ask(request, {.flags = flags});
  return {};
}

Outcome ServedCall::duplicate(int fd, OnExec on_exec) {
  const auto here = find(fd);
  if (!here) return let_go();
  const OwnedFd copy = here->is_slave() && !here->hung_up() ? OwnedFd() : call_->copy_of(fd);
  const int source = copy ? copy.get() : here->is_slave() && !here->hung_up() ? here->tty->slave() : -1;
  if (source < 0) return let_go();
  call_->hand_out(source, on_exec);
  return {};
}

// -- stat(2)

Outcome ServedCall::stat() {
  const auto& given = call_->arguments;
  switch (call_->number) {
    case __NR_fstat: return stat_descriptor(call_->descriptor(), given[1]);
#if defined(__x86_64__)
    case __NR_stat: return stat_named(given[0], given[1], true);
    case __NR_lstat: return stat_named(given[0], given[1], false);
#endif
    default: break;
  }
  // newfstatat(2): the filter lets descriptors pass where no terminals are.
  if ((given[3] & AT_EMPTY_PATH) != 0) return stat_descriptor(call_->descriptor(), given[2]);
  return stat_named(given[1], given[2], (given[3] & AT_SYMLINK_NOFOLLOW) == 0);
}

Outcome ServedCall::stat_named(std::uint64_t path, std::uint64_t to, bool follow) {
  const auto name = name_at(path);
  if (!name) return let_go();
  if (name->kind == Name::Kind::kDescriptor) return follow ? stat_descriptor(name->number, to) : let_go();
  Looks looks;
  if (!looks_of(device_.page(), *name, looks)) return let_go();
  ttycall::KernelStat status{};
  status.device = device_.page().header.socket_device;
  fill_owner(call_->thread, status);
  fill(status, looks);
  return give(to, &status, sizeof status);
}

Outcome ServedCall::stat_descriptor(int fd, std::uint64_t to) {
  const auto here = find(fd);
  if (!here) return let_go();
  ttycall::KernelStat status{};
  status.device = device_.page().header.socket_device;
  fill_owner(call_->thread, status);
  if (here->is_slave() && !here->hung_up()) {
    const struct ::stat socket = own_status(here->tty->slave());
    static_assert(sizeof socket == sizeof status);  // the C library's is the kernel's on these machines (asm/stat.h)
    std::memcpy(&status, &socket, sizeof status);
  }
  fill(status, looks_of(*here->slot, here->end));
  return give(to, &status, sizeof status);
}

Outcome ServedCall::statx() {
  const auto& given = call_->arguments;
  constexpr std::uint32_t kBasic = 0x7ff;  // STATX_BASIC_STATS
  Looks looks;
  if ((given[2] & AT_EMPTY_PATH) != 0) {
    const auto here = find(call_->descriptor());
    if (!here) return let_go();
    looks = looks_of(*here->slot, here->end);
  } else {
    const auto name = name_at(given[1]);
    if (!name) return let_go();
    if (name->kind == Name::Kind::kDescriptor) {
      const auto here = (given[2] & AT_SYMLINK_NOFOLLOW) == 0 ? find(name->number) : std::nullopt;
      if (!here) return let_go();
      looks = looks_of(*here->slot, here->end);
    } else if (!looks_of(device_.page(), *name, looks)) {
      return let_go();
    }
  }
  ttycall::KernelStat owner{};
  fill_owner(call_->thread, owner);
  ttycall::KernelStatx status{};
  status.mask = kBasic;
  status.uid = owner.uid;
  status.gid = owner.gid;
  status.device_minor = static_cast<std::uint32_t>(device_.page().header.socket_device);
  fill(status, looks);
  return give(given[4], &status, sizeof status);
}

// -- readlink(2): where a descriptor leads, as ttyname(3) asks

Outcome ServedCall::read_link() {
  const auto& given = call_->arguments;
#if defined(__x86_64__)
  const bool by_folder = call_->number == __NR_readlinkat;
#else
  constexpr bool by_folder = true;
#endif
  const std::uint64_t path = given[by_folder ? 1 : 0], to = given[by_folder ? 2 : 1];
  const auto room = static_cast<std::int32_t>(given[by_folder ? 3 : 2]);
  const auto name = name_at(path);
  if (!name || name->kind != Name::Kind::kDescriptor || room <= 0) return let_go();
  char start[6] = {};  // /dev/stdin is a link to such a name itself
  if (call_->read(path, start, 5) != 5 || !ttycall::same(start, "/proc")) return let_go();
  const auto here = find(name->number);
  if (!here) return let_go();
  char text[32];
  if (here->is_slave())
    ttycall::print(ttycall::print(text, "/dev/pts/"), here->slot->number);
  else
    ttycall::print(text, "/dev/ptmx");
  const std::size_t size = std::min(ttycall::length(text), static_cast<std::size_t>(room));
  return give(to, text, size, static_cast<std::int64_t>(size));
}

// -- access(2), chown(2), chmod(2): as the shim has them (hooks_owner.cpp)

bool ServedCall::is_terminal(const Name& name) {
  Looks looks;
  if (name.kind == Name::Kind::kDescriptor) return find(name.number).has_value();
  return looks_of(device_.page(), name, looks);
}

Outcome ServedCall::access() {
  const auto& given = call_->arguments;
#if defined(__x86_64__)
  const bool by_folder = call_->number != __NR_access;
#else
  constexpr bool by_folder = true;
#endif
  const auto name = name_at(given[by_folder ? 1 : 0]);
  if (!name || !is_terminal(*name)) return let_go();
  return answer((given[by_folder ? 2 : 1] & X_OK) != 0 ? -EACCES : 0);
}

// Whom the device serves is decided by its token: this succeeds and changes nothing.
Outcome ServedCall::change_owner_or_mode() {
  const auto& given = call_->arguments;
  if (call_->number == __NR_fchmod || call_->number == __NR_fchown)
    return find(call_->descriptor()) ? answer(0) : let_go();
  const bool by_folder = call_->number == __NR_fchmodat || call_->number == __NR_fchownat;
  const auto name = name_at(given[by_folder ? 1 : 0]);
  return name && is_terminal(*name) ? answer(0) : let_go();
}

}  // namespace farpty::device
