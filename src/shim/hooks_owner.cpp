// chown(2), chmod(2), access(2) of terminals: sshd and login give a terminal to its user, others ask whether it may be used.
//
// Whom the device serves is decided by its token, not by owner and mode: changing them succeeds and changes nothing (a
// deviation, docs/emulated-terminal.md). The kernel is never asked: where it does have a /dev/pts/N, that is somebody else's.
#include "shim/device.hpp"
#include "shim/libc.hpp"
#include "shim/terminal.hpp"
#include "ttycall/looks.hpp"

namespace {

using namespace farpty::shim;
namespace error = farpty::ttycall::error;

bool is_terminal(const char* path) {
  using Kind = farpty::ttycall::Name::Kind;
  if (path == nullptr || path[0] != '/') return false;
  const farpty::ttycall::Name name = farpty::ttycall::parse_name(path);
  if (name.kind == Kind::kOther) return false;
  if (name.kind == Kind::kDescriptor) return Terminal().find(name.number);
  const farpty::ttycall::Page* const all = page();
  farpty::ttycall::Looks looks;
  return all != nullptr && looks_of(*all, name, looks);
}

long change_owner(int folder, const char* path, unsigned user, unsigned group, int flags) {
  if (is_terminal(path)) return 0;
  return call(__NR_fchownat, folder, address(path), static_cast<long>(user), static_cast<long>(group), flags);
}

// All may read and write, nobody may execute it.
long may(int how) {
  constexpr int kExecute = 1;
  return (how & kExecute) != 0 ? -error::kAcces : 0;
}

// Functions of libc that are more than their system call.
template <typename... Arguments>
int next(const char* name, Arguments... arguments) {
  const auto function = reinterpret_cast<int (*)(Arguments...)>(find_next(name));
  return function != nullptr ? function(arguments...) : finish(-error::kInval);
}

constexpr int kNoFollow = 0x100;

}  // namespace

FARPTY_HOOK int chown(const char* path, unsigned user, unsigned group) {
  return finish(change_owner(kAtCwd, path, user, group, 0));
}
FARPTY_HOOK int lchown(const char* path, unsigned user, unsigned group) {
  return finish(change_owner(kAtCwd, path, user, group, kNoFollow));
}
FARPTY_HOOK int fchownat(int folder, const char* path, unsigned user, unsigned group, int flags) {
  return finish(change_owner(folder, path, user, group, flags));
}
FARPTY_HOOK int fchown(int fd, unsigned user, unsigned group) {
  if (Terminal().find(fd)) return 0;
  return finish(call(__NR_fchown, fd, static_cast<long>(user), static_cast<long>(group)));
}
FARPTY_HOOK int chmod(const char* path, unsigned mode) {
  if (is_terminal(path)) return 0;
  return finish(call(__NR_fchmodat, kAtCwd, address(path), static_cast<long>(mode)));
}
FARPTY_HOOK int fchmod(int fd, unsigned mode) {
  if (Terminal().find(fd)) return 0;
  return finish(call(__NR_fchmod, fd, static_cast<long>(mode)));
}
FARPTY_HOOK int fchmodat(int folder, const char* path, unsigned mode, int flags) {
  return is_terminal(path) ? 0 : next("fchmodat", folder, path, mode, flags);
}

FARPTY_HOOK int access(const char* path, int how) {
  return finish(is_terminal(path) ? may(how) : call(__NR_faccessat, kAtCwd, address(path), how));
}
FARPTY_HOOK int faccessat(int folder, const char* path, int how, int flags) {
  return is_terminal(path) ? finish(may(how)) : next("faccessat", folder, path, how, flags);
}
FARPTY_HOOK int euidaccess(const char* path, int how) {
  return is_terminal(path) ? finish(may(how)) : next("euidaccess", path, how);
}
FARPTY_HOOK int eaccess(const char* path, int how) { return euidaccess(path, how); }
