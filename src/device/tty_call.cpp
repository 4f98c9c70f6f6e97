#include "device/tty_call.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

#include "device/device.hpp"
#include "device/process_groups.hpp"
#include "ttycall/ioctls.hpp"
#include "ttycall/tty_ioctl.hpp"

namespace farpty::device {

namespace {

namespace error = ttycall::error;
namespace io = ttycall::io;
namespace attention = ttycall::attention;

constexpr std::int32_t kLater = 1;  // the answer comes when output is drained, or was given with a descriptor

}  // namespace

template <typename T>
T TtyCall::argument() const {
  static_assert(sizeof(T) <= ttycall::kArgumentSize);
  T value;
  std::memcpy(&value, asked_->request.argument, sizeof value);
  return value;
}

void TtyCall::run() {
  tty_ = device_.find(asked_->request.number);
  if (tty_ == nullptr) return asked_->answer(-error::kIo);
  const bool master = (asked_->request.flags & ttycall::kToMaster) != 0;
  if (!master && tty_->hung_up()) return asked_->answer(-error::kIo);
  brought_ = std::make_shared<OwnedFd>();
  if (master ? asked_->request.code == io::kTcflsh : !tty_->holds_slave()) *brought_ = asked_->take_brought();
  const Tty::Borrowed borrowed(*tty_, master ? -1 : brought_->get());
  std::int32_t result = master ? perform_on_master() : -error::kNotty;
  if (result == -error::kNotty) result = perform();
  if (result != kLater) asked_->answer(result);
}

std::int32_t TtyCall::perform() {
  const ttycall::Request& request = asked_->request;
  switch (request.code) {
    case io::kTcsets:
    case io::kTcsets2:
    case io::kTcseta: tty_->set_termios(wanted_settings()); return 0;
    case io::kTcsetsw:
    case io::kTcsetsw2:
    case io::kTcsetaw: set_settings(false); return kLater;
    case io::kTcsetsf:
    case io::kTcsetsf2:
    case io::kTcsetaf: set_settings(true); return kLater;
    case io::kTcsbrk:
    case io::kTcsbrkp:
      if (request.code == io::kTcsbrkp || request.value == 0) return 0;  // a pty has no break
      when_drained([asked = asked_] { asked->answer(0); });
      return kLater;
    case io::kTcxonc:
      if (request.value > 3) return -error::kInval;
      tty_->control_flow(static_cast<tty::FlowAction>(request.value));
      return 0;
    case io::kTcflsh: return flush();
    case io::kTiocsctty: return take_control();
    case io::kTiocnotty: return give_up_control();
    case io::kTiocspgrp: return set_foreground();
    case io::kTiocswinsz: tty_->set_size(argument<ttycall::Winsize>()); return 0;
    case io::kTiocsti: return simulate_input();
    case io::kTiocexcl: tty_->set_attention(attention::kExclusive, true); return 0;
    case io::kTiocnxcl: tty_->set_attention(attention::kExclusive, false); return 0;
    case io::kTiocsetd: return argument<std::int32_t>() == 0 ? 0 : -error::kInval;  // N_TTY is all there is
    default: return -error::kNotty;
  }
}

// pty.c: pty_unix98_ioctl. What is not the master's own goes to its slave, as in tty_ioctl.c: tty_mode_ioctl.
std::int32_t TtyCall::perform_on_master() {
  switch (asked_->request.code) {
    case io::kTiocsptlck: return set_bit(attention::kLocked);
    case io::kTiocpkt: tty_->set_packet_mode(argument<std::int32_t>() != 0); return 0;
    case io::kTiocsig: return send_signal();
    case io::kTiocgptpeer: device_.hand_out(*asked_, *tty_); return kLater;
    case io::kTcflsh: return flush_master();
    case io::kTcxonc: return control_master_flow();
    case io::kTiocsctty:
    case io::kTiocsti: return -error::kIo;
    default: return -error::kNotty;
  }
}

// tty_ioctl.c: n_tty_ioctl_helper on a master, whose settings are never changed: what it writes is stopped, and "send STOP" goes
// to the slave as a key.
std::int32_t TtyCall::control_master_flow() {
  NestedMaster* const master = device_.master_of(*tty_);
  if (asked_->request.value > 3 || master == nullptr) return -error::kInval;
  switch (static_cast<tty::FlowAction>(asked_->request.value)) {
    case tty::FlowAction::kOutputOff: master->set_flow(NestedMaster::Flow::kHeld); break;
    case tty::FlowAction::kOutputOn: master->set_flow(NestedMaster::Flow::kRuns); break;
    case tty::FlowAction::kInputOff: master->type(std::byte{0x13}); break;
    case tty::FlowAction::kInputOn: master->type(std::byte{0x11}); break;
  }
  return 0;
}

tty::Termios TtyCall::wanted_settings() const {
  tty::Termios wanted = tty_->termios();
  switch (asked_->request.code) {
    case io::kTcsets2:
    case io::kTcsetsw2:
    case io::kTcsetsf2: return argument<tty::Termios>();
    case io::kTcseta:
    case io::kTcsetaw:
    case io::kTcsetaf: {
      std::uint16_t flags[4];  // struct termio: the low halves (asm-generic/termios-base.h)
      std::memcpy(flags, asked_->request.argument, sizeof flags);
      std::uint32_t* const whole[4] = {&wanted.iflag, &wanted.oflag, &wanted.cflag, &wanted.lflag};
      for (int i = 0; i < 4; ++i) *whole[i] = (*whole[i] & 0xffff0000) | flags[i];
      wanted.line = asked_->request.argument[8];
      std::memcpy(wanted.cc, asked_->request.argument + 9, 8);
      return wanted;
    }
    default: std::memcpy(&wanted, asked_->request.argument, tty::kTermiosWithoutSpeeds); return wanted;
  }
}

// tty_ioctl.c: set_termios: first the output, then the input, then the settings.
void TtyCall::set_settings(bool flush_input) {
  when_drained([asked = asked_, tty = tty_, wanted = wanted_settings(), flush_input, brought = brought_] {
    const Tty::Borrowed borrowed(*tty, brought->get());
    if (flush_input) tty->flush_taken_input();
    tty->set_termios(wanted);
    asked->answer(0);
  });
}

void TtyCall::when_drained(std::function<void()> then) {
  if (tty_->drained()) return then();
  tty_->when_drained([asked = asked_, then = std::move(then)] {
    if (asked->is_awaited()) then();
  });
}

std::int32_t TtyCall::flush() {
  if (asked_->request.value > 2) return -error::kInval;
  tty_->flush(static_cast<tty::Flush>(asked_->request.value));
  return 0;
}

std::int32_t TtyCall::flush_master() {
  if (asked_->request.value > 2) return -error::kInval;
  NestedMaster* const master = device_.master_of(*tty_);
  struct stat status{};
  const bool is_its = fstat(brought_->get(), &status) == 0 && status.st_ino == tty_->slot().master;
  if (master != nullptr) master->flush(static_cast<tty::Flush>(asked_->request.value), is_its ? brought_->get() : -1);
  return 0;
}

// tty_jobctrl.c: tiocsctty
std::int32_t TtyCall::take_control() {
  const pid_t session = getsid(asked_->pid);
  const bool leader = session == asked_->pid;
  Control& control = tty_->control();
  if (leader && control.session() == session) return 0;
  if (!leader || device_.of_session(session) != nullptr) return -error::kPerm;
  if (control.session() != 0) {
    if (asked_->request.value != 1 || effective_uid(asked_->pid) != 0) return -error::kPerm;
  }
  control.take(session, getpgid(asked_->pid));
  tty_->mirror_control();
  device_.settle_slave(*tty_);
  return 0;
}

// tty_jobctrl.c: disassociate_ctty. One process of a session alone cannot lose its terminal here.
std::int32_t TtyCall::give_up_control() {
  const pid_t session = getsid(asked_->pid);
  Control& control = tty_->control();
  if (control.session() != session) return -error::kNotty;
  if (session != asked_->pid) return 0;  // the shim remembers it
  const pid_t group = control.fg_pgrp();
  control.release();
  tty_->mirror_control();
  device_.settle_slave(*tty_);
  signal_group(group, session, SIGHUP);
  signal_group(group, session, SIGCONT);
  return 0;
}

// tty_jobctrl.c: tiocspgrp
std::int32_t TtyCall::set_foreground() {
  const auto group = argument<std::int32_t>();
  Control& control = tty_->control();
  const pid_t session = getsid(asked_->pid);
  const bool master = (asked_->request.flags & ttycall::kToMaster) != 0;
  if (control.session() == 0 || (!master && control.session() != session)) return -error::kNotty;
  if (group < 0) return -error::kInval;
  if (group == 1) return -error::kPerm;  // init's, never this session's; and kill(2) takes it for everyone
  const pid_t groups_session = session_of_group(group);
  if (groups_session == 0) return -error::kSrch;
  if (groups_session != control.session()) return -error::kPerm;
  control.set_foreground(group);
  tty_->mirror_control();
  return 0;
}

// tty_io.c: tiocsti
std::int32_t TtyCall::simulate_input() {
  if (tty_->control().session() != getsid(asked_->pid) && effective_uid(asked_->pid) != 0) return -error::kPerm;
  tty_->simulate_input(asked_->request.argument[0]);
  return 0;
}

std::int32_t TtyCall::set_bit(std::uint32_t bit) {
  tty_->set_attention(bit, argument<std::int32_t>() != 0);
  return 0;
}

// pty.c: pty_signal
std::int32_t TtyCall::send_signal() {
  const std::uint64_t signal = asked_->request.value;
  if (signal != SIGINT && signal != SIGQUIT && signal != SIGTSTP) return -error::kInval;
  tty_->signal(static_cast<int>(signal));
  return 0;
}

}  // namespace farpty::device
