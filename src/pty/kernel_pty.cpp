#include "pty/kernel_pty.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

namespace farpty::pty {

namespace {

Result<std::string> name_of(int master) {
  unsigned number = 0;
  if (ioctl(master, TIOCGPTN, &number) != 0) return os_error("cannot name", "a pseudoterminal");
  return "/dev/pts/" + std::to_string(number);
}

Result<Spawned> spawn_inside(const PrivateDevpts& devpts, Program program, const Stdio& stdio) {
  const PrivateDevpts::Entrance entrance(devpts, program.directory);
  program.steps.insert(program.steps.begin(), &entrance);
  return spawn(program, stdio);
}

Result<OwnedFd> open_host_master() {
  OwnedFd master(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
  if (!master) return os_error("cannot open", "a pseudoterminal (/dev/ptmx)");
  return master;
}

// Erasing in canonical mode removes a character, not a byte of it: every client of ours speaks UTF-8.
Result<> set_iutf8(int slave, const std::string& name) {
  termios mode{};
  if (tcgetattr(slave, &mode) != 0) return os_error("cannot read the mode of", name);
  mode.c_iflag |= IUTF8;
  if (tcsetattr(slave, TCSANOW, &mode) != 0) return os_error("cannot set the mode of", name);
  return {};
}

std::size_t index_of(ControlCharacter which) {
  switch (which) {
    case ControlCharacter::kInterrupt: return VINTR;
    case ControlCharacter::kQuit: return VQUIT;
    case ControlCharacter::kSuspend: return VSUSP;
    case ControlCharacter::kErase: return VERASE;
    case ControlCharacter::kKill: return VKILL;
    case ControlCharacter::kEndOfFile: return VEOF;
  }
  return VEOF;
}

}  // namespace

Result<OwnedFd> open_slave(int master, SlaveBy by) {
  if (unlockpt(master) != 0) return os_error("cannot unlock", "a pseudoterminal");
  FARPTY_ASSIGN(name, name_of(master));
  OwnedFd slave(ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!slave && by == SlaveBy::kMasterElseName) slave = OwnedFd(open(name.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!slave) return os_error("cannot open", name);
  return slave;
}

Result<Started> KernelPty::start(boost::asio::io_context& context, const PrivateDevpts* devpts, const Program& program,
                                 WindowSize size) {
  FARPTY_ASSIGN(master, devpts != nullptr ? devpts->open_master() : open_host_master());
  const SlaveBy by = devpts != nullptr ? SlaveBy::kMaster : SlaveBy::kMasterElseName;
  FARPTY_ASSIGN(slave, open_slave(master.get(), by));
  FARPTY_ASSIGN(name, name_of(master.get()));
  FARPTY_TRY(set_iutf8(slave.get(), name));

  FARPTY_ASSIGN(readiness, Readiness::watch(context, master.get()));
  std::unique_ptr<KernelPty> pty(new KernelPty(context, std::move(master), name, by));
  pty->readiness_ = std::move(readiness);
  FARPTY_TRY(pty->resize(size));
  const Stdio stdio{.in = slave.get(), .out = slave.get(), .err = slave.get(), .controlling = Controlling::kYes};
  FARPTY_ASSIGN(spawned, devpts != nullptr ? spawn_inside(*devpts, program, stdio) : spawn(program, stdio));
  return Started{.terminal = std::move(pty), .child = std::move(spawned)};
}

Transfer KernelPty::read(MutableBytes into) {
  ssize_t count = 0;
  do count = ::read(master_.get(), into.data(), into.size());
  while (count < 0 && errno == EINTR);  // an edge must not be lost to a signal
  if (count >= 0) return {.count = static_cast<std::size_t>(count), .code = count == 0 ? EIO : 0};
  return {.code = errno};
}

Transfer KernelPty::write(Bytes from) {
  const ssize_t count = ::write(master_.get(), from.data(), from.size());
  if (count > 0) return {.count = static_cast<std::size_t>(count)};
  // pty.c: pty_write takes nothing while output is stopped or its buffer is full, and may say so by 0.
  return {.code = count == 0 || errno == EINTR ? EAGAIN : errno};
}

void KernelPty::end_input() {
  if (!master_ || end_of_input_) return;
  auto slave = open_slave(master_.get(), slave_by_);
  if (slave)
    end_of_input_.emplace(context_, master_.get(), std::move(*slave));
  else
    hangup();  // no other way to say that nothing more will come
}

Result<> KernelPty::resize(WindowSize size) {
  const winsize cells{.ws_row = size.rows, .ws_col = size.columns, .ws_xpixel = 0, .ws_ypixel = 0};
  if (ioctl(master_.get(), TIOCSWINSZ, &cells) != 0) return os_error("cannot resize", name_);
  return {};
}

WindowSize KernelPty::size() const {
  winsize cells{};
  if (ioctl(master_.get(), TIOCGWINSZ, &cells) != 0) return {};
  return {.columns = cells.ws_col, .rows = cells.ws_row};
}

pid_t KernelPty::fg_pgrp() const {
  pid_t group = 0;
  return ioctl(master_.get(), TIOCGPGRP, &group) == 0 ? group : 0;
}

std::optional<std::byte> KernelPty::control_character(ControlCharacter which) const {
  termios mode{};
  if (tcgetattr(master_.get(), &mode) != 0) return std::nullopt;
  const cc_t character = mode.c_cc[index_of(which)];
  if (character == _POSIX_VDISABLE) return std::nullopt;
  return static_cast<std::byte>(character);
}

// A pty has no break of its own, so its effect is made here. PARMRK is left out: a master cannot write the mark \377 \0 \0,
// because n_tty doubles the \377.
void KernelPty::send_break() {
  termios mode{};
  if (tcgetattr(master_.get(), &mode) != 0 || (mode.c_iflag & IGNBRK) != 0) return;
  if ((mode.c_iflag & BRKINT) == 0) {
    constexpr std::byte kNul{0};
    write(Bytes(&kNul, 1));
    return;
  }
  if ((mode.c_lflag & NOFLSH) == 0) ioctl(master_.get(), TCFLSH, TCIOFLUSH);
#ifdef TIOCSIG
  ioctl(master_.get(), TIOCSIG, SIGINT);
#endif
}

// Closing the last master hangs up the slave: SIGHUP and SIGCONT to the session leader and the foreground group
// (tty_io.c: __tty_hangup).
void KernelPty::hangup() {
  end_of_input_.reset();
  readiness_ = Readiness();
  master_.reset();
}

}  // namespace farpty::pty
