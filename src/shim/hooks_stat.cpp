// stat(2) and its family: what a terminal looks like (ttycall/looks.hpp).
#include "shim/device.hpp"
#include "shim/libc.hpp"
#include "shim/terminal.hpp"
#include "ttycall/looks.hpp"

namespace {

using namespace farpty::shim;
using farpty::ttycall::fill;
using farpty::ttycall::KernelStat;
using farpty::ttycall::KernelStatx;
using farpty::ttycall::Looks;
using farpty::ttycall::looks_of;
using farpty::ttycall::Name;
using farpty::ttycall::parse_name;

bool device_called(const char* path, Looks& looks) {
  const farpty::ttycall::Page* const all = page();
  return all != nullptr && looks_of(*all, parse_name(path), looks);
}

long any_stat(int folder, const char* path, KernelStat* to, int flags) {
  const bool by_descriptor = path == nullptr || path[0] == 0;
  if (!by_descriptor && path[0] == '/') {
    if (Looks device; device_called(path, device)) {
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
  const long result = call(__NR_newfstatat, folder, address(path), address(to), flags);
  if (result < 0 || !by_descriptor || !to->is_socket()) return result;
  Terminal terminal;
  if (terminal.find(folder, to->device, to->inode)) fill(*to, looks_of(terminal.slot, terminal.end));
  return result;
}

long fd_stat(int fd, KernelStat* to) {
  const long result = call(__NR_fstat, fd, address(to));
  if (result < 0 || !to->is_socket()) return result;
  Terminal terminal;
  if (terminal.find(fd, to->device, to->inode)) fill(*to, looks_of(terminal.slot, terminal.end));
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
  Looks device;
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
    if (terminal.find(folder)) fill(*to, looks_of(terminal.slot, terminal.end));
  }
  return finish(result);
}
