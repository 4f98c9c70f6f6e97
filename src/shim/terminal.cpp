#include "shim/terminal.hpp"

#include "shim/device.hpp"
#include "shim/libc.hpp"
#include "ttycall/ioctls.hpp"
#include "ttycall/stat.hpp"
#include "ttycall/tty_ioctl.hpp"

namespace farpty::shim {

namespace {

namespace error = ttycall::error;
namespace io = ttycall::io;
using ttycall::Verdict;

constexpr int kTracked = 1024;  // descriptors whose O_NONBLOCK is remembered
std::uint64_t nonblocking_bits[kTracked / 64];
int nonblocking_count;
bool made_masters;

struct Sigaction {
  std::uintptr_t handler;
  unsigned long flags;
  void* restorer;
  std::uint64_t mask;
};

enum class Disposition : unsigned char { kHeldBack, kDefault, kRestarts, kInterrupts };

Disposition disposition(int signal) {
  constexpr unsigned long kRestart = 0x10000000;
  std::uint64_t mask = 0;
  call(__NR_rt_sigprocmask, 0, 0, address(&mask), 8);
  if ((mask >> (signal - 1) & 1) != 0) return Disposition::kHeldBack;
  Sigaction action{};
  call(__NR_rt_sigaction, signal, 0, address(&action), 8);
  if (action.handler == 1) return Disposition::kHeldBack;  // SIG_IGN
  if (action.handler == 0) return Disposition::kDefault;
  return (action.flags & kRestart) != 0 ? Disposition::kRestarts : Disposition::kInterrupts;
}

// The session in which this process, not its leader, gave up the controlling terminal (TIOCNOTTY); 0: none. A fork inherits
// it, a program that is executed does not.
int without_terminal_in;

bool group_is_orphaned() {
  ttycall::Request request{};
  ttycall::Answer answer;
  request.operation = ttycall::Operation::kOrphaned;
  return ask(request, answer, Wait::kShort) != 0;  // a device that is gone leaves everyone an orphan
}

Wait wait_of(std::uint32_t code, std::uint64_t value) {
  return ttycall::waits_for_output(code, value) ? Wait::kUntilDrained : Wait::kShort;
}

// The slot and the bytes in the socket, at one moment.
long look_at_both(Terminal& terminal, int& in_socket) {
  constexpr int kTries = 10;
  for (int tries = 0;; ++tries) {
    const std::uint32_t before = __atomic_load_n(&terminal.shared->moving, __ATOMIC_ACQUIRE);
    static_cast<void>(terminal.refresh());
    const long result = ioctl_call(terminal.fd, io::kFionread, address(&in_socket));
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    const std::uint32_t now = __atomic_load_n(&terminal.shared->moving, __ATOMIC_RELAXED);
    if (result < 0 || (before == now && (now & 1) == 0) || tries == kTries) return result;
    fetch_kept(terminal);  // the answer comes when the bytes have been moved
  }
}

// Bytes that FIONREAD counts: those in the socket and those that the device keeps behind them.
long count_unread(Terminal& terminal, int* to) {
  const long held_back = catch_up(terminal);
  int waiting = 0;
  const long result = look_at_both(terminal, waiting);
  if (result < 0) return result;
  if (terminal.is_slave()) {
    if (terminal.has(ttycall::attention::kEndOfFile) && waiting == 1) waiting = 0;
    waiting += static_cast<int>(terminal.slot.kept);
  } else {
    if (terminal.has(ttycall::attention::kMark) && waiting == 1) waiting = 0;
    waiting += static_cast<int>(held_back);
  }
  *to = waiting;
  return 0;
}

long forward(Terminal& terminal, std::uint32_t code, void* argument) {
  ttycall::Request request{};
  ttycall::Answer answer;
  request.operation = ttycall::Operation::kIoctl;
  request.number = terminal.slot.number;
  request.code = code;
  request.flags = terminal.is_slave() ? 0 : ttycall::kToMaster;
  request.value = reinterpret_cast<std::uint64_t>(argument);
  const ttycall::Shape shape = ttycall::shape_of(code);
  if (shape.in > 0) __builtin_memcpy(request.argument, argument, shape.in);
  // What the device has no end of its own of, and what it may have to empty.
  const bool needed = terminal.is_slave() ? terminal.has(ttycall::attention::kReleased) : code == io::kTcflsh;
  const int brought = needed ? terminal.fd : -1;
  int descriptor = -1;
  const bool close_on_exec = code == io::kTiocgptpeer && (request.value & kCloexec) != 0;
  const long result = ask(request, answer, wait_of(code, request.value), &descriptor,
                          close_on_exec ? OnExec::kClose : OnExec::kKeep, brought);
  if (result < 0) return result;
  if (shape.out > 0) __builtin_memcpy(argument, answer.argument, shape.out);
  if (descriptor >= 0) {
    note_new(descriptor);
    set_nonblocking(descriptor, code == io::kTiocgptpeer && (request.value & kNonblock) != 0);
    return descriptor;
  }
  return result;
}

// tty_jobctrl.c: tty_jobctrl_ioctl, no_tty.
long give_up_terminal(Terminal& terminal) {
  if (controlling_session() == 0) return -error::kNotty;
  const long result = forward(terminal, io::kTiocnotty, nullptr);
  if (result == 0 && own_session() != static_cast<int>(call(__NR_getpid))) without_terminal_in = own_session();
  return result;
}

}  // namespace

void note_master() { __atomic_store_n(&made_masters, true, __ATOMIC_RELAXED); }
bool has_masters() { return __atomic_load_n(&made_masters, __ATOMIC_RELAXED); }

int controlling_session() {
  const int session = own_session();
  return session == without_terminal_in ? 0 : session;
}

long catch_up(Terminal& terminal) { return terminal.slot.master != 0 ? fetch_kept(terminal) : 0; }

std::size_t unread_now(Terminal& terminal) {
  int in_socket = 0;
  if (look_at_both(terminal, in_socket) < 0 || in_socket < 0) return 0;
  return static_cast<std::size_t>(in_socket) + terminal.slot.kept;
}

long fetch_kept(Terminal& terminal) {
  ttycall::Request request{};
  ttycall::Answer answer;
  request.operation = ttycall::Operation::kCatchUp;
  request.number = terminal.slot.number;
  request.flags = terminal.is_slave() ? 0 : ttycall::kToMaster;
  const long held_back = ask(request, answer, Wait::kShort);
  static_cast<void>(terminal.refresh());
  return held_back > 0 ? held_back : 0;
}

long check_background(Terminal& terminal, int signal) {
  for (;;) {
    if (terminal.slot.sid == 0 || terminal.slot.fg_pgrp == 0) return 0;
    const int group = own_group();
    if (terminal.slot.fg_pgrp == group || terminal.slot.sid != controlling_session()) return 0;
    const Disposition what = disposition(signal);
    if (what == Disposition::kHeldBack) return signal == kSigttin ? -error::kIo : 0;
    if (group_is_orphaned()) return -error::kIo;
    call(__NR_kill, -group, signal);
    if (what == Disposition::kInterrupts) return -error::kIntr;
    if (!terminal.refresh()) return -error::kIo;
  }
}

long tty_call(Terminal& terminal, std::uint32_t code, void* argument) {
  ttycall::Caller caller;
  if (code == io::kTiocgpgrp || code == io::kTiocgsid) caller.sid = controlling_session();
  std::uint8_t out[ttycall::kArgumentSize];
  const Verdict verdict = ttycall::tty_ioctl(terminal.slot, terminal.end, caller, code, out);
  const ttycall::Shape shape = ttycall::shape_of(code);
  const bool has_memory = shape.in > 0 || shape.out > 0;
  if (has_memory && argument == nullptr && verdict.result >= 0) return -error::kFault;
  switch (verdict.kind) {
    case Verdict::Kind::kDone:
      if (verdict.result >= 0 && shape.out > 0) __builtin_memcpy(argument, out, shape.out);
      return verdict.result;
    case Verdict::Kind::kUnread: return count_unread(terminal, static_cast<int*>(argument));
    case Verdict::Kind::kPlain:
      if (code == io::kFionbio) {
        set_nonblocking(terminal.fd, *static_cast<int*>(argument) != 0);
        return 0;
      }
      return ioctl_call(terminal.fd, code, address(argument));
    case Verdict::Kind::kChange:
      if (const long stopped = check_background(terminal, kSigttou); stopped < 0) {
        return code == io::kTiocspgrp && stopped == -error::kIo ? -error::kNotty : stopped;
      }
      if ((code == io::kTcsets || code == io::kTcsets2) && wish(terminal, argument, shape.in)) return 0;
      return forward(terminal, code, argument);
    case Verdict::Kind::kAsk:
      return code == io::kTiocnotty ? give_up_terminal(terminal) : forward(terminal, code, argument);
  }
  return -error::kNotty;
}

bool nonblocking(int fd) {
  return fd >= 0 && fd < kTracked &&
         (__atomic_load_n(&nonblocking_bits[fd / 64], __ATOMIC_RELAXED) >> fd % 64 & 1) != 0;
}

void set_nonblocking(int fd, bool on) {
  if (fd < 0 || fd >= kTracked || nonblocking(fd) == on) return;
  const std::uint64_t bit = std::uint64_t{1} << fd % 64;
  if (on)
    __atomic_fetch_or(&nonblocking_bits[fd / 64], bit, __ATOMIC_RELAXED);
  else
    __atomic_fetch_and(&nonblocking_bits[fd / 64], ~bit, __ATOMIC_RELAXED);
  __atomic_fetch_add(&nonblocking_count, on ? 1 : -1, __ATOMIC_RELAXED);
}

bool writers_may_pass() {
  if (__atomic_load_n(&nonblocking_count, __ATOMIC_RELAXED) != 0) return false;
  const ttycall::Page* const all = page();
  return all == nullptr || __atomic_load_n(&all->header.attention, __ATOMIC_RELAXED) == 0;
}

}  // namespace farpty::shim
