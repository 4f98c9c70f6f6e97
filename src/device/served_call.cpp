#include "device/served_call.hpp"

#include <asm/unistd.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "device/process_groups.hpp"
#include "device/thread_status.hpp"
#include "ttycall/ioctls.hpp"
#include "ttycall/tty_ioctl.hpp"

namespace farpty::device {

namespace {

namespace io = ttycall::io;
using ttycall::Verdict;
using Kind = Outcome::Kind;

}  // namespace

// A request that came as a stopped call: what the device answers goes into the program's memory or its table of descriptors.
class ServedCall::Asking final : public Asked {
 public:
  Asking(const ttycall::Request& request, pid_t process, std::shared_ptr<StoppedCall> call, Nonblocking& nonblocking,
         Place place)
      : Asked(request, process), call_(std::move(call)), nonblocking_(nonblocking), place_(place) {}

  [[nodiscard]] bool is_awaited() const override { return call_->waits(); }
  [[nodiscard]] OwnedFd take_brought() override {
    return request.operation == ttycall::Operation::kIoctl ? call_->copy_of(call_->descriptor()) : OwnedFd();
  }

 private:
  void send(const ttycall::Answer& answer, int descriptor) override {
    if (descriptor >= 0) {
      const bool close = (place_.flags & O_CLOEXEC) != 0;
      const int number = call_->hand_out(descriptor, close ? OnExec::kClose : OnExec::kKeep);
      if (number >= 0) nonblocking_.set(call_->thread, number, (place_.flags & O_NONBLOCK) != 0);
      return;
    }
    long result = answer.result;
    if (result >= 0 && place_.size > 0 && call_->waits()) {
      const long written = call_->write(place_.memory, answer.argument, place_.size);
      if (written < 0) result = written;
    }
    call_->answer(result);
  }

  std::shared_ptr<StoppedCall> call_;
  Nonblocking& nonblocking_;
  Place place_;
};

Outcome ServedCall::run() {
  switch (call_->number) {
    case __NR_ioctl: return ioctl();
    case __NR_fcntl: return file_flags();
    case __NR_read:
    case __NR_readv: return read();
    case __NR_write:
    case __NR_writev: return write();
    case __NR_openat:
    case __NR_openat2:
#if defined(__x86_64__)
    case __NR_open:
    case __NR_creat:
#endif
      return open();
#if defined(__x86_64__)
    case __NR_stat:
    case __NR_lstat:
#endif
    case __NR_newfstatat:
    case __NR_fstat: return stat();
    case __NR_statx: return statx();
#if defined(__x86_64__)
    case __NR_readlink:
#endif
    case __NR_readlinkat: return read_link();
#if defined(__x86_64__)
    case __NR_access:
#endif
    case __NR_faccessat:
    case __NR_faccessat2: return access();
#if defined(__x86_64__)
    case __NR_chmod:
    case __NR_chown:
    case __NR_lchown:
#endif
    case __NR_fchmod:
    case __NR_fchown:
    case __NR_fchmodat:
    case __NR_fchownat: return change_owner_or_mode();
    default: return socket_call();
  }
}

// -- what all of them need

bool ServedCall::Here::hung_up() const {
  return tty == nullptr || (slot->attention & ttycall::attention::kHungUp) != 0;
}

std::optional<ServedCall::Here> ServedCall::find(int fd) {
  const auto file = call_->file(fd);
  if (!file) return std::nullopt;
  const ttycall::Found found = ttycall::find(device_.page(), file->device, file->inode);
  if (found.slot == nullptr) return std::nullopt;
  Tty* const tty = device_.find(found.slot->number);
  if (tty != nullptr && found.end == ttycall::End::kSlave && !tty->holds_slave() && !tty->hung_up()) {
    borrowed_.reset();
    copy_ = call_->copy_of(fd);
    borrowed_.emplace(*tty, copy_.get());
  }
  return Here{.slot = found.slot, .end = found.end, .tty = tty};
}

Outcome ServedCall::answer(std::int64_t result) {
  call_->answer(result);
  return {};
}

Outcome ServedCall::let_go() {
  call_->let_go();
  return {};
}

Outcome ServedCall::release() { return {.kind = call_->let_go() ? Kind::kReleased : Kind::kDone}; }

Outcome ServedCall::hold(const Here& here, Outcome::Awaits awaits) const {
  return {.kind = Kind::kHeld, .number = here.slot->number, .awaits = awaits};
}

// Memory of a program that is not ours to look into is left to the kernel, which knows no terminal.
Outcome ServedCall::give(std::uint64_t to, const void* from, std::size_t size, std::int64_t result) {
  if (!call_->waits()) return {};
  const long written = call_->write(to, from, size);
  if (written == -EPERM) return let_go();
  return answer(written < 0 ? written : result);
}

bool ServedCall::take(std::uint64_t from, void* to, std::size_t size) {
  const long count = call_->read(from, to, size);
  if (count == -EPERM) {
    let_go();
    return false;
  }
  if (count < 0 || static_cast<std::size_t>(count) < size) {
    answer(-EFAULT);
    return false;
  }
  return call_->waits();
}

pid_t ServedCall::process() const {
  // A leader's main thread has the number of its group or session; only others have to be asked for.
  if (getpgid(call_->thread) == call_->thread) return call_->thread;
  const auto status = status_of(call_->thread);
  return status ? status->process : call_->thread;
}

// The signal takes the waiting thread away, and stops it or lets it begin its call anew: no answer is needed then.
std::optional<Outcome> ServedCall::keep_away(const Here& here, int signal) {
  const Control& control = here.tty->control();
  const pid_t session = getsid(call_->thread), group = getpgid(call_->thread);
  if (control.session() == 0 || control.session() != session) return std::nullopt;
  if (control.fg_pgrp() == 0 || control.fg_pgrp() == group) return std::nullopt;
  const auto status = status_of(call_->thread);
  if (!status) return let_go();
  if (status->holds_back(signal)) {
    if (signal == SIGTTIN) return answer(-EIO);
    return std::nullopt;
  }
  if (is_orphaned(group, session)) return answer(-EIO);
  if (!call_->waits()) return Outcome{};
  signal_group(group, session, signal);
  return hold(here);
}

// -- ioctl(2)

Outcome ServedCall::ioctl() {
  const auto code = static_cast<std::uint32_t>(call_->arguments[1]);
  if (code == ttycall::kProbe && call_->descriptor() == -1) return probe();
  const auto here = find(call_->descriptor());
  return here ? tty_call(*here, code) : let_go();
}

// The shim asks whether the listener of its session hears it.
Outcome ServedCall::probe() {
  return device_.is_token_start(call_->arguments[2]) ? answer(ttycall::kProbeAnswer) : let_go();
}

Outcome ServedCall::tty_call(const Here& here, std::uint32_t code) {
  std::uint8_t out[ttycall::kArgumentSize];
  ttycall::Caller caller;
  if (code == io::kTiocgpgrp || code == io::kTiocgsid) caller.sid = getsid(call_->thread);
  const Verdict verdict = ttycall::tty_ioctl(*here.slot, here.end, caller, code, out);
  const ttycall::Shape shape = ttycall::shape_of(code);
  const std::uint64_t memory = call_->arguments[2];
  switch (verdict.kind) {
    case Verdict::Kind::kDone:
      if (verdict.result < 0 || shape.out == 0) return answer(verdict.result);
      if (code == io::kTiocgpgrp || code == io::kTiocgsid) {
        std::int32_t group = 0;
        std::memcpy(&group, out, sizeof group);
        group = group_as_seen_by(call_->thread, group);
        std::memcpy(out, &group, sizeof group);
      }
      return give(memory, out, shape.out);
    case Verdict::Kind::kUnread: return count_unread(here);
    case Verdict::Kind::kPlain: {
      if (code != io::kFionbio) return let_go();
      std::int32_t on = 0;
      if (!take(memory, &on, sizeof on)) return {};
      device_.nonblocking().set(call_->thread, call_->descriptor(), on != 0);
      return answer(0);
    }
    case Verdict::Kind::kChange:
    case Verdict::Kind::kAsk: break;
  }
  if (here.tty == nullptr) return answer(-EIO);
  ttycall::Request request{};
  if (shape.in > 0 && !take(memory, request.argument, shape.in)) return {};
  if (verdict.kind == Verdict::Kind::kChange) {
    if (const auto kept = keep_away(here, SIGTTOU)) return *kept;
  }
  return forward(here, code, request);
}

Outcome ServedCall::forward(const Here& here, std::uint32_t code, const ttycall::Request& request) {
  ttycall::Request filled = request;
  filled.operation = ttycall::Operation::kIoctl;
  filled.number = here.slot->number;
  filled.code = code;
  filled.flags = here.is_slave() ? 0 : ttycall::kToMaster;
  filled.value = call_->arguments[2];
  if (code == io::kTiocspgrp) {
    std::int32_t group = 0;
    std::memcpy(&group, filled.argument, sizeof group);
    group = group_as_named_by(call_->thread, group);
    std::memcpy(filled.argument, &group, sizeof group);
  }
  Place place{.memory = call_->arguments[2], .size = ttycall::shape_of(code).out};
  if (code == io::kTiocgptpeer) place.flags = call_->arguments[2];
  ask(filled, place);
  return {};
}

void ServedCall::ask(const ttycall::Request& request, Place place) {
  device_.handle(std::make_shared<Asking>(request, process(), call_, device_.nonblocking(), place));
}

Outcome ServedCall::count_unread(const Here& here) {
  if (here.tty == nullptr) return let_go();
  const NestedMaster* const master = here.is_slave() ? nullptr : device_.master_of(*here.tty);
  std::int32_t unread = 0;
  if (here.is_slave()) {
    unread = static_cast<std::int32_t>(here.tty->unread_by_programs());
  } else if (master != nullptr) {
    here.tty->catch_up();
    const OwnedFd copy = call_->copy_of(call_->descriptor());
    if (!copy || ::ioctl(copy.get(), FIONREAD, &unread) != 0) return let_go();
    if (master->mark_is_out() && unread == 1) unread = 0;
    unread += static_cast<std::int32_t>(master->held_back());
  }
  return give(call_->arguments[2], &unread, sizeof unread);
}

// -- fcntl(2), and what only sockets know

Outcome ServedCall::file_flags() {
  if (!find(call_->descriptor())) return let_go();
  Nonblocking& nonblocking = device_.nonblocking();
  if (call_->arguments[1] == F_GETFL) {
    const bool on = nonblocking.contains(call_->thread, call_->descriptor());
    return answer(O_RDWR | (on ? O_NONBLOCK : 0));
  }
  nonblocking.set(call_->thread, call_->descriptor(), (call_->arguments[2] & O_NONBLOCK) != 0);
  return answer(0);
}

Outcome ServedCall::socket_call() { return find(call_->descriptor()) ? answer(-ENOTSOCK) : let_go(); }

}  // namespace farpty::device
