// stat(2) and its family: a descriptor of ours is a character device with the number of its /dev/pts/N, not a socket. libc's
// stdio decides by this whether it writes line by line.
#include "shim/device.hpp"
#include "shim/libc.hpp"
#include "shim/names.hpp"
#include "shim/stat.hpp"
#include "shim/terminal.hpp"
#include "ttycall/tty_ioctl.hpp"

namespace {

using namespace farpty::shim;
using farpty::ttycall::Slot;

constexpr std::uint32_t kSlaveMode = kCharacterDevice | 0620, kOpenMode = kCharacterDevice | 0666;
constexpr std::int64_t kBlockSize = 1024;
constexpr std::uint64_t kInodes = 3;  // devpts: the inode of N is N + 3 (inode.c: devpts_pty_new)

struct Device {
  std::uint64_t special, inode;
  std::uint32_t mode;
};

Device device_of(const Terminal& terminal) {
  if (!terminal.is_slave()) return {farpty::ttycall::kMasterDevice, 2, kOpenMode};
  const auto number = static_cast<std::uint64_t>(terminal.slot.number);
  return {farpty::ttycall::slave_device(terminal.slot.number), number + kInodes, kSlaveMode};
}

bool device_called(const char* path, Device& device) {
  const farpty::ttycall::Page* const all = page();
  if (all == nullptr) return false;
  const Name name = parse_name(path);
  if (name.kind == Name::Kind::kOwn || name.kind == Name::Kind::kMaster) {
    const bool own = name.kind == Name::Kind::kOwn;
    device = {own ? farpty::ttycall::kTtyDevice : farpty::ttycall::kMasterDevice, 2, kOpenMode};
    return true;
  }
  if (name.kind != Name::Kind::kSlave) return false;
  for (std::uint32_t i = 0; i < all->header.slots && i < farpty::ttycall::kSlots; ++i) {
    const Slot& slot = all->slot[i];
    if (slot.slave == 0 || (slot.attention & farpty::ttycall::attention::kHungUp) != 0) continue;
    if (slot.number != name.number) continue;
    device = {farpty::ttycall::slave_device(slot.number), static_cast<std::uint64_t>(slot.number) + kInodes,
              kSlaveMode};
    return true;
  }
  return false;
}

void fill(KernelStat& status, const Device& device) {
  status.mode = device.mode;
  status.special = device.special;
  status.inode = device.inode;
  status.links = 1;
  status.size = status.blocks = 0;
  status.block_size = kBlockSize;
}

void fill(KernelStatx& status, const Device& device) {
  status.mode = static_cast<std::uint16_t>(device.mode);
  status.special_major = static_cast<std::uint32_t>(device.special >> 8 & 0xfff);
  status.special_minor = static_cast<std::uint32_t>((device.special & 0xff) | (device.special >> 12 & 0xfff00));
  status.inode = device.inode;
  status.links = 1;
  status.size = status.blocks = 0;
  status.block_size = kBlockSize;
}

long any_stat(int folder, const char* path, KernelStat* to, int flags) {
  const bool by_descriptor = path == nullptr || path[0] == 0;
  if (!by_descriptor && path[0] == '/') {
    if (Device device; device_called(path, device)) {
      *to = {};
      to->uid = static_cast<std::uint32_t>(call(__NR_getuid));
      to->gid = static_cast<std::uint32_t>(call(__NR_getgid));
      if (const auto* all = page()) to->device = all->header.socket_device;
      fill(*to, device);
      return 0;
    }
    // /dev/stdin and its like, followed to what they stand for.
    constexpr int kNoFollow = 0x100;
    const Name name = parse_name(path);
    if (name.kind == Name::Kind::kDescriptor && (flags & kNoFollow) == 0) {
      return any_stat(name.number, "", to, flags | kAtEmptyPath);
    }
  }
#if defined(__x86_64__)
  const long result = call(__NR_newfstatat, folder, address(path), address(to), flags);
#else
  const long result = call(__NR3264_fstatat, folder, address(path), address(to), flags);
#endif
  if (result < 0 || !by_descriptor || !to->is_socket()) return result;
  Terminal terminal;
  if (terminal.find(folder, to->device, to->inode)) fill(*to, device_of(terminal));
  return result;
}

long fd_stat(int fd, KernelStat* to) {
  const long result = call(__NR_fstat, fd, address(to));
  if (result < 0 || !to->is_socket()) return result;
  Terminal terminal;
  if (terminal.find(fd, to->device, to->inode)) fill(*to, device_of(terminal));
  return result;
}

constexpr int kNoFollow = 0x100;

}  // namespace

FARPTY_HOOK int fstat(int fd, KernelStat* to) { return finish(fd_stat(fd, to)); }
FARPTY_HOOK int fstat64(int fd, KernelStat* to) { return fstat(fd, to); }
FARPTY_HOOK int __fxstat(int, int fd, KernelStat* to) { return fstat(fd, to); }
FARPTY_HOOK int __fxstat64(int, int fd, KernelStat* to) { return fstat(fd, to); }
FARPTY_HOOK int stat(const char* path, KernelStat* to) { return finish(any_stat(kAtCwd, path, to, 0)); }
FARPTY_HOOK int stat64(const char* path, KernelStat* to) { return stat(path, to); }
FARPTY_HOOK int __xstat(int, const char* path, KernelStat* to) { return stat(path, to); }
FARPTY_HOOK int __xstat64(int, const char* path, KernelStat* to) { return stat(path, to); }
FARPTY_HOOK int lstat(const char* path, KernelStat* to) { return finish(any_stat(kAtCwd, path, to, kNoFollow)); }
FARPTY_HOOK int lstat64(const char* path, KernelStat* to) { return lstat(path, to); }
FARPTY_HOOK int fstatat(int folder, const char* path, KernelStat* to, int flags) {
  return finish(any_stat(folder, path, to, flags));
}
FARPTY_HOOK int fstatat64(int folder, const char* path, KernelStat* to, int flags) {
  return fstatat(folder, path, to, flags);
}

FARPTY_HOOK int statx(int folder, const char* path, int flags, unsigned mask, KernelStatx* to) {
  Device device;
  if (path != nullptr && path[0] == '/' && device_called(path, device)) {
    *to = {};
    to->mask = 0x7ff;  // STATX_BASIC_STATS
    to->uid = static_cast<std::uint32_t>(call(__NR_getuid));
    to->gid = static_cast<std::uint32_t>(call(__NR_getgid));
    fill(*to, device);
    return 0;
  }
  const long result = call(__NR_statx, folder, address(path), flags, static_cast<long>(mask), address(to));
  if (result >= 0 && to->is_socket() && (path == nullptr || path[0] == 0)) {
    Terminal terminal;
    if (terminal.find(folder)) fill(*to, device_of(terminal));
  }
  return finish(result);
}
