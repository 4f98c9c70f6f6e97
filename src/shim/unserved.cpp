#include "shim/unserved.hpp"

#include "shim/device.hpp"
#include "shim/syscall.hpp"
#include "shim/terminal.hpp"
#include "ttycall/filter.hpp"
#include "ttycall/image.hpp"
#include "ttycall/stat.hpp"
#include "ttycall/text.hpp"
#include "ttycall/tty_ioctl.hpp"

namespace farpty::shim {

namespace {

namespace error = ttycall::error;
using ttycall::Image;
using ttycall::print;
using ttycall::Unserved;

constexpr int kScriptsDeep = 5;  // fs/exec.c: exec_binprm
constexpr long kBusyError = -error::kBusy, kAccessError = -error::kAcces;

struct Looked {
  Image image = Image::kUnknown;
  bool gains = false;  // set-user-ID or set-group-ID of another
};

std::size_t read_at(void* file, std::uint64_t offset, void* to, std::size_t size) {
  const long count =
      call(__NR_pread64, *static_cast<int*>(file), address(to), static_cast<long>(size), static_cast<long>(offset));
  return count > 0 ? static_cast<std::size_t>(count) : 0;
}

bool gains_rights(const ttycall::KernelStat& status) {
  constexpr std::uint32_t kSetUser = 04000, kSetGroup = 02010;
  constexpr long kGetNoNewPrivs = 39;  // prctl(2)
  const bool user = (status.mode & kSetUser) != 0 && status.uid != static_cast<std::uint32_t>(call(__NR_geteuid));
  const bool group =
      (status.mode & kSetGroup) == kSetGroup && status.gid != static_cast<std::uint32_t>(call(__NR_getegid));
  return (user || group) && call(__NR_prctl, kGetNoNewPrivs, 0, 0, 0, 0) == 0;
}

Looked look(const char* path) {
  char next[ttycall::kInterpreterRoom], interpreter[ttycall::kInterpreterRoom];
  Looked looked;
  for (int i = 0; i < kScriptsDeep; ++i) {
    const long opened = open_call(kAtCwd, path, kReadOnly | kCloexec | kNonblock | kNoctty, 0);
    if (opened < 0) return looked;
    int fd = static_cast<int>(opened);
    ttycall::KernelStat status;
    constexpr std::uint32_t kRegular = 0100000;
    if (call(__NR_fstat, fd, address(&status)) == 0 && (status.mode & ttycall::kTypeMask) == kRegular) {
      looked.image = ttycall::classify({read_at, &fd}, interpreter);
      looked.gains = gains_rights(status);
    }
    close(fd);
    if (looked.image != Image::kScript) return looked;
    __builtin_memcpy(next, interpreter, sizeof next);
    path = next;
  }
  return looked;
}

bool has_listener() {
  // Not by our own call(): this one is to be stopped.
  return stopped_call(__NR_ioctl, -1, ttycall::kProbe, static_cast<long>(token_start())) == ttycall::kProbeAnswer;
}

// seccomp(2): SECCOMP_SET_MODE_FILTER with SECCOMP_FILTER_FLAG_NEW_LISTENER
long install_filter() {
  constexpr long kSetFilter = 1, kNewListener = 8;
  // It watches, and shuts nobody in: what the processor may guess is as it was before (linux/seccomp.h: SPEC_ALLOW, Linux 4.17).
  constexpr long kSpeculationAllowed = 4;
  const struct {
    unsigned short size;
    const ttycall::Instruction* code;
  } program{static_cast<unsigned short>(ttycall::kFilter.size), ttycall::kFilter.code};
  return call(__NR_seccomp, kSetFilter, kNewListener | kSpeculationAllowed, address(&program));
}

long install_for_any_user() {
  constexpr long kSetNoNewPrivs = 38;
  const long listener = install_filter();
  if (listener != kAccessError) return listener;
  if (const long set = call(__NR_prctl, kSetNoNewPrivs, 1, 0, 0, 0); set < 0) return set;
  return install_filter();
}

// Whoever is to be executed need not wait until the device has begun to listen: its first call that stops does.
long get_listener(long (*install)()) {
  ttycall::Request request{};
  request.operation = ttycall::Operation::kListen;
  return tell_with(request, install);
}

bool may_listen() {
  const ttycall::Page* const all = page();
  return all != nullptr && (all->header.options & ttycall::option::kNoListener) == 0;
}

const char* reason_for(Unserved why, long code) {
  switch (why) {
    case Unserved::kForeign: return "it is made for another kind of processor";
    case Unserved::kGains: return "it gains rights that farpty does not have (set-user-ID)";
    case Unserved::kRaw: break;
  }
  if (code == kBusyError) return "it makes system calls by itself, and its process tree is listened to already";
  return "it makes system calls by itself, and this machine has no way to listen to them (see farpty doctor)";
}

// One line for each session and reason: the device counts.
void say(const char* path, Unserved why, long code) {
  Terminal terminal;
  if (!terminal.find(2)) return;
  ttycall::Request request{};
  ttycall::Answer answer;
  request.operation = ttycall::Operation::kUnserved;
  request.code = static_cast<std::uint32_t>(why);
  if (ask(request, answer, Wait::kShort) != 1) return;
  constexpr std::size_t kRoom = 512;
  char line[kRoom];
  const char* const start = "farpty: ";
  if (ttycall::length(path) > kRoom / 2) path += ttycall::length(path) - kRoom / 2;
  char* const end =
      print(print(print(print(print(line, start), path), " sees no terminal: "), reason_for(why, code)), "\n");
  static_cast<void>(write_terminal(terminal, line, static_cast<std::size_t>(end - line)));
}

}  // namespace

void prepare_to_execute(const char* path) {
  if (device_variable() == nullptr) return;
  const auto [image, gains] = look(path);
  if ((image == Image::kServed && !gains) || image == Image::kUnknown || image == Image::kScript) return;
  if (has_listener()) return;
  if (image == Image::kForeign) return say(path, Unserved::kForeign, 0);
  if (gains) return say(path, Unserved::kGains, 0);
  if (!may_listen()) return;
  const long result = get_listener(install_for_any_user);
  if (result < 0) say(path, Unserved::kRaw, result);
}

void prepare_to_become(unsigned uid) {
  if (uid == 0 || device_variable() == nullptr || call(__NR_geteuid) != 0 || has_listener() || !may_listen()) return;
  get_listener(install_filter);
}

}  // namespace farpty::shim
