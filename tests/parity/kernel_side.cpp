#include "kernel_side.hpp"

#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <fcntl.h>
#include <linux/tty.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace farpty::parity {

namespace {

const sigset_t& terminal_signals() {
  static const sigset_t set = [] {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int number : {SIGINT, SIGQUIT, SIGTSTP, SIGWINCH, SIGHUP, SIGCONT, SIGTTIN, SIGTTOU}) {
      sigaddset(&signals, number);
    }
    return signals;
  }();
  return set;
}

// Interrupts the call that is waiting after so long, and again and again, until set to zero.
void set_alarm(long milliseconds) {
  const timeval time{.tv_sec = milliseconds / 1000, .tv_usec = milliseconds % 1000 * 1000};
  const itimerval alarm{.it_interval = time, .it_value = time};
  ::setitimer(ITIMER_REAL, &alarm, nullptr);
}

std::int64_t outcome(std::int64_t result) { return result < 0 ? -errno : result; }

std::int16_t poll_now(int fd) {
  pollfd poll{.fd = fd, .events = POLLIN | POLLPRI | POLLOUT, .revents = 0};
  ::poll(&poll, 1, 0);
  return poll.revents;
}

std::uint32_t number_of(int fd, unsigned long request) {
  int value = 0;
  ::ioctl(fd, request, &value);
  return static_cast<std::uint32_t>(value);
}

void sleep_for(long microseconds) {
  const timespec time{.tv_sec = 0, .tv_nsec = microseconds * 1000};
  ::nanosleep(&time, nullptr);
}

std::int64_t set_termios(int fd, const Step& step) {
  static constexpr unsigned long kPlain[] = {TCSETS, TCSETSW, TCSETSF};
  static constexpr unsigned long kWithSpeeds[] = {TCSETS2, TCSETSW2, TCSETSF2};
  const auto when = static_cast<std::size_t>(step.when);
  return outcome(::ioctl(fd, step.with_speeds ? kWithSpeeds[when] : kPlain[when], &step.termios));
}

}  // namespace

Result<> become_terminal_user() {
  ::prctl(PR_SET_TIMERSLACK, 1UL);  // short waits shall be short
  if (::setsid() < 0) return os_error("cannot start a session", "");
  if (::sigprocmask(SIG_BLOCK, &terminal_signals(), nullptr) != 0) return os_error("cannot block", "signals");
  // Ends a read that waits; not installed with SA_RESTART.
  struct sigaction wake{};
  wake.sa_handler = [](int) {};
  if (::sigaction(SIGALRM, &wake, nullptr) != 0) return os_error("cannot handle", "SIGALRM");
  return {};
}

Result<KernelSide> KernelSide::open(long patience) {
  OwnedFd master(::open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
  if (!master) return os_error("cannot open", "/dev/ptmx");
  int locked = 0;
  if (::ioctl(master.get(), TIOCSPTLCK, &locked) != 0) return os_error("cannot unlock", "pty slave");
  OwnedFd slave(::ioctl(master.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
  OwnedFd blocking(::ioctl(master.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!slave || !blocking) return os_error("cannot open", "pty slave");
  if (::ioctl(slave.get(), TIOCSCTTY, 0) != 0) return os_error("cannot take as controlling terminal", "pty slave");
  return KernelSide(patience, std::move(master), std::move(slave), std::move(blocking));
}

// By system call: fstat(3) of the shim calls a socket a terminal.
Result<> KernelSide::check_maker(Maker wanted) const {
  for (const int fd : {master_.get(), slave_.get(), blocking_.get()}) {
    struct stat status{};
    if (::syscall(SYS_newfstatat, fd, "", &status, AT_EMPTY_PATH) != 0) return os_error("cannot identify", "a pty");
    const Maker maker = S_ISSOCK(status.st_mode) ? Maker::kDevice : Maker::kKernel;
    if (maker == wanted) continue;
    return failure("cannot compare", "this pty", maker == Maker::kKernel ? "it is the kernel's" : "it is our device's");
  }
  return {};
}

Result<> KernelSide::try_simulation() {
  const char c = 'x';
  if (::ioctl(slave_.get(), TIOCSTI, &c) != 0) return os_error("cannot simulate input on", "a pty slave");
  return {};
}

KernelSide::~KernelSide() {
  if (!slave_) return;
  ::ioctl(slave_.get(), TIOCNOTTY);
  std::uint32_t ignored = 0;
  collect_signals(ignored);
}

void KernelSide::run(const Step& step, Read read, Look look, const Observation& expected, Observation& observation) {
  observation.bytes.clear();
  observation.signals = 0;
  constexpr long kLongEnough = 5'000;  // a read that waits so long should not have waited
  constexpr long kSoon = 20;
  if (read != Read::kNonblocking) set_alarm(read == Read::kBlocking ? kLongEnough : kSoon);
  observation.result = apply(step, read, observation.bytes);
  if (read != Read::kNonblocking) set_alarm(0);
  wait_until([&] {
    const bool slave_done = slave_is_done(expected, look, observation);
    return (!look.at_master || master_is_done(expected, observation)) && slave_done;
  });
  if (!look.at_master) {
    observation.master_poll = expected.master_poll;
    observation.master_unread = expected.master_unread;
  }
  observation.slave_queued = look.at_queues ? number_of(slave_.get(), TIOCOUTQ) : 0;
  observation.master_queued = look.at_queues ? number_of(master_.get(), TIOCOUTQ) : 0;
  if (step.op == Op::kSetTermios) {
    ::ioctl(step.other_end ? master_.get() : slave_.get(), TCGETS2, &observation.termios);
  } else {
    observation.termios = expected.termios;
  }
  if (step.op == Op::kResize) {
    ::ioctl(step.other_end ? slave_.get() : master_.get(), TIOCGWINSZ, &observation.winsize);
  } else {
    observation.winsize = expected.winsize;
  }
}

std::int64_t KernelSide::apply(const Step& step, Read read, std::vector<std::uint8_t>& bytes) {
  const auto argument = static_cast<unsigned long>(step.argument);
  const auto read_from = [&](int fd) {
    bytes.resize(step.size);
    const std::int64_t result = outcome(::read(fd, bytes.data(), step.size));
    bytes.resize(result > 0 ? static_cast<std::size_t>(result) : 0);
    return result;
  };
  const auto write_to = [&](int fd) { return outcome(::write(fd, step.bytes.data(), step.bytes.size())); };
  const int number = step.argument;
  switch (step.op) {
    case Op::kMasterWrite: return write_to(master_.get());
    case Op::kMasterRead: return read_from(master_.get());
    case Op::kSlaveWrite: return write_to(slave_.get());
    case Op::kSlaveRead: return read_from(read == Read::kNonblocking ? slave_.get() : blocking_.get());
    case Op::kSimulate: return outcome(::ioctl(slave_.get(), TIOCSTI, &step.argument));
    case Op::kSetTermios: return set_termios(step.other_end ? master_.get() : slave_.get(), step);
    case Op::kFlushSlave: return outcome(::ioctl(slave_.get(), TCFLSH, argument));
    case Op::kFlushMaster: return outcome(::ioctl(master_.get(), TCFLSH, argument));
    case Op::kFlowSlave: return outcome(::ioctl(slave_.get(), TCXONC, argument));
    case Op::kFlowMaster: return outcome(::ioctl(master_.get(), TCXONC, argument));
    case Op::kPacketMode: return outcome(::ioctl(master_.get(), TIOCPKT, &number));
    case Op::kMasterSignal: return outcome(::ioctl(master_.get(), TIOCSIG, argument));
    case Op::kResize: return outcome(::ioctl(step.other_end ? master_.get() : slave_.get(), TIOCSWINSZ, &step.winsize));
    case Op::kDrain: return outcome(::ioctl(slave_.get(), TCSBRK, 1));
  }
  return -EINVAL;
}

// First the slave's worker, whose echo is work for the master's. poll() waits for a worker unless there is something to
// read; FIONREAD waits for one that has begun, since both lock the settings.
bool KernelSide::slave_is_done(const Observation& expected, Look look, Observation& observation) {
  observation.slave_poll = poll_now(slave_.get());
  observation.slave_poll = static_cast<std::int16_t>((observation.slave_poll & look.slave_events) |
                                                     (expected.slave_poll & ~look.slave_events));
  observation.slave_unread = number_of(slave_.get(), FIONREAD);
  collect_signals(observation.signals);
  return observation.slave_poll == expected.slave_poll && observation.slave_unread == expected.slave_unread &&
         observation.signals == expected.signals;
}

bool KernelSide::master_is_done(const Observation& expected, Observation& observation) {
  observation.master_poll = poll_now(master_.get());
  observation.master_unread = number_of(master_.get(), FIONREAD);
  return observation.master_poll == expected.master_poll && observation.master_unread == expected.master_unread;
}

void KernelSide::settle_master(const Observation& before) {
  wait_until([&] {
    poll_now(master_.get());
    return number_of(master_.get(), FIONREAD) == before.master_unread;
  });
}

void KernelSide::rest() const { sleep_for(patience_); }

template <typename Done>
void KernelSide::wait_until(Done done) const {
  constexpr int kQuickTries = 200;    // these take about 1 microsecond each
  constexpr int kPatientTries = 400;  // and these 50 or more
  for (int i = 0; i < kQuickTries + kPatientTries && !done(); ++i) {
    if (i < kQuickTries) {
      ::sched_yield();
    } else {
      sleep_for(std::max(50L, patience_ / 100));
    }
  }
}

void KernelSide::collect_signals(std::uint32_t& signals) {
  sigset_t pending;
  ::sigpending(&pending);
  for (;;) {
    sigset_t waiting;
    sigandset(&waiting, &pending, &terminal_signals());
    if (sigisemptyset(&waiting)) return;
    constexpr timespec kNoTime{};
    const int number = ::sigtimedwait(&waiting, nullptr, &kNoTime);
    if (number <= 0) return;
    signals |= std::uint32_t{1} << (number - 1);
    ::sigpending(&pending);
  }
}

}  // namespace farpty::parity
