// open(2) of the names that terminals have. The device hands out a duplicate of its slave end (a socket cannot be opened
// again), or a new pair for /dev/ptmx; names of descriptors that are terminals of ours are duplicated here.
//
// Where the device knows no such terminal, the kernel is asked, as if we were not there.
#include "shim/device.hpp"
#include "shim/libc.hpp"
#include "shim/terminal.hpp"
#include "ttycall/names.hpp"
#include "ttycall/tty_ioctl.hpp"

namespace {

using namespace farpty::shim;
using farpty::ttycall::Name;
using farpty::ttycall::parse_name;
namespace error = farpty::ttycall::error;
using farpty::ttycall::Operation;

namespace attention = farpty::ttycall::attention;

constexpr long kNotOurs = -4096;

long from_device(Operation operation, int number, int flags, int brought = -1) {
  if (device_variable() == nullptr) return kNotOurs;
  farpty::ttycall::Request request{};
  farpty::ttycall::Answer answer;
  request.operation = operation;
  request.number = number;
  request.value = static_cast<std::uint64_t>(flags);
  int fd = -1;
  const OnExec on_exec = (flags & kCloexec) != 0 ? OnExec::kClose : OnExec::kKeep;
  const long result = ask(request, answer, Wait::kShort, &fd, on_exec, brought);
  if (result < 0) return result == -error::kNxio || result == -error::kNodev ? kNotOurs : result;
  if (fd < 0) return -error::kIo;
  note_new(fd);
  set_nonblocking(fd, (flags & kNonblock) != 0);
  return fd;
}

long duplicate(int fd, int flags) {
  Terminal terminal;
  if (!terminal.find(fd)) return kNotOurs;
  const long copy = call(__NR_fcntl, fd, (flags & kCloexec) != 0 ? kDupfdCloexec : kDupfd, 0);
  if (copy >= 0) {
    note_new(static_cast<int>(copy));
    set_nonblocking(static_cast<int>(copy), (flags & kNonblock) != 0);
  }
  return copy;
}

// A descriptor of this process that is the slave of terminal `number`, where the device has none of its own; -1.
int own_end_of(int number) {
  const farpty::ttycall::Page* const all = page();
  if (all == nullptr) return -1;
  bool released = false;
  for (std::uint32_t i = 0; i < all->header.slots && i < farpty::ttycall::kSlots; ++i) {
    const farpty::ttycall::Slot& slot = all->slot[i];
    released = released || (slot.number == number && (slot.attention & attention::kReleased) != 0);
  }
  constexpr int kLookedAt = 256;
  Terminal terminal;
  for (int fd = 0; released && fd < kLookedAt; ++fd)
    if (terminal.find(fd) && terminal.is_slave() && terminal.slot.number == number) return fd;
  return -1;
}

// /dev/tty is most often standard input, output or error: the device need not be asked for what is here already.
long open_own(int flags) {
  const int session = controlling_session();
  if (session == 0) return -error::kNxio;
  Terminal terminal;
  for (int fd = 0; fd <= 2; ++fd)
    if (terminal.find(fd) && terminal.is_slave() && terminal.slot.sid == session &&
        !terminal.has(attention::kHungUp | attention::kExclusive))
      return duplicate(fd, flags);
  return from_device(Operation::kOpenTty, 0, flags);
}

long open_master(int flags) {
  const long fd = from_device(Operation::kOpenMaster, 0, flags);
  if (fd >= 0) note_master();
  return fd;
}

long open_terminal(const char* path, int flags) {
  const Name name = parse_name(path);
  switch (name.kind) {
    case Name::Kind::kOther: return kNotOurs;
    case Name::Kind::kOwn: return open_own(flags);
    case Name::Kind::kMaster: return open_master(flags);
    case Name::Kind::kSlave: return from_device(Operation::kOpenSlave, name.number, flags, own_end_of(name.number));
    case Name::Kind::kDescriptor: return duplicate(name.number, flags);
  }
  return kNotOurs;
}

long any_open(int folder, const char* path, int flags, unsigned mode) {
  const auto kernels_open = [&](int with_flags, unsigned with_mode) {
    return cancellable([&] { return open_call(folder, path, with_flags, with_mode); });
  };
  if (path == nullptr || path[0] != '/') return kernels_open(flags, mode);
  const long fd = open_terminal(path, flags);
  if (fd != kNotOurs) return fd;
  // A shell's `> /dev/tty` must not make a file of that name where the machine has no such device.
  const bool is_tty = parse_name(path).kind == Name::Kind::kOwn && device_variable() != nullptr;
  if (!is_tty) return kernels_open(flags, mode);
  const long kernels = kernels_open(flags & ~kCreate, 0);
  return kernels >= 0 ? kernels : -error::kNxio;
}

}  // namespace

FARPTY_HOOK int open(const char* path, int flags, unsigned mode) { return finish(any_open(kAtCwd, path, flags, mode)); }
FARPTY_HOOK int open64(const char* path, int flags, unsigned mode) { return open(path, flags, mode); }
FARPTY_HOOK int openat(int folder, const char* path, int flags, unsigned mode) {
  return finish(any_open(folder, path, flags, mode));
}
FARPTY_HOOK int openat64(int folder, const char* path, int flags, unsigned mode) {
  return openat(folder, path, flags, mode);
}
FARPTY_HOOK int __open_2(const char* path, int flags) { return open(path, flags, 0); }
FARPTY_HOOK int __open64_2(const char* path, int flags) { return open(path, flags, 0); }
FARPTY_HOOK int __openat_2(int folder, const char* path, int flags) { return openat(folder, path, flags, 0); }
FARPTY_HOOK int __openat64_2(int folder, const char* path, int flags) { return openat(folder, path, flags, 0); }
