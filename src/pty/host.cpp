#include "pty/host.hpp"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#if defined(__GLIBC__)
#include <gnu/libc-version.h>
#endif

#include "base/owned_fd.hpp"
#include "base/timer.hpp"
#include "pty/children.hpp"

namespace farpty::pty {

namespace {

std::string yes_or_why(int code) { return code == 0 ? "yes" : "no: " + reason_of(code); }

constexpr int kKilled = -1;

// `attempt` returns 0 or an errno; so does this, or kKilled where whoever tries is. In a child, because a success would stay.
int outcome_in_child(int (*attempt)()) {
  const pid_t child = fork();
  if (child < 0) return errno;
  if (child == 0) _exit(attempt());
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : kKilled;
}

std::string in_child(int (*attempt)()) {
  const int code = outcome_in_child(attempt);
  return code == kKilled ? "no: whoever tries is killed" : yes_or_why(code);
}

std::string can_open(const char* path) {
  const OwnedFd fd(::open(path, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
  return yes_or_why(fd ? 0 : errno);
}

// Without a controlling terminal, as a server has none, /dev/tty that is there says ENXIO (tty_io.c: tty_open_current_tty).
std::string has_dev_tty() {
  const OwnedFd fd(::open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
  return yes_or_why(fd || errno == ENXIO ? 0 : errno);
}

std::string has_devpts() {
  std::ifstream file("/proc/filesystems");
  for (std::string line; std::getline(file, line);)
    if (line.ends_with("\tdevpts")) return "yes";
  return "no: the kernel has none";
}

std::string try_landlock() {
  const long version = syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return version < 0 ? yes_or_why(errno) : "yes, ABI " + std::to_string(version);
}

// seccomp_unotify(2). A listener that knows ADDFD (Linux 5.9) says of a call that is none that there is none.
int try_listener() {
  sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  const sock_fprog filter = {.len = 1, .filter = &allow};
  const auto install = [&] {
    return static_cast<int>(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &filter));
  };
  OwnedFd listener(install());
  if (!listener && errno == EACCES && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) listener = OwnedFd(install());
  if (!listener) return errno;
  seccomp_notif_addfd handed{};
  return ioctl(listener.get(), SECCOMP_IOCTL_NOTIF_ADDFD, &handed) < 0 && errno != ENOENT ? errno : 0;
}

std::string listener() {
  const int code = listener_refusal();
  if (code == EBUSY) return "no: another program listens to this process tree already";
  return code == kKilled ? "no: whoever tries is killed" : yes_or_why(code);
}

// What the library does to the entries of libc.
std::string try_mprotect() {
  const auto size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  void* const page = mmap(nullptr, size, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return yes_or_why(errno);
  const std::string answer = yes_or_why(mprotect(page, size, PROT_READ | PROT_WRITE | PROT_EXEC) == 0 ? 0 : errno);
  munmap(page, size);
  return answer;
}

// Of a child, as of a program.
std::string try_process_vm() {
  static char from = 'x';
  const pid_t child = fork();
  if (child < 0) return yes_or_why(errno);
  if (child == 0) {
    pause();
    _exit(0);
  }
  char to = 0;
  const iovec local{.iov_base = &to, .iov_len = 1};
  const iovec remote{.iov_base = &from, .iov_len = 1};
  const int code = process_vm_readv(child, &local, 1, &remote, 1, 0) == 1 ? 0 : errno;
  kill(child, SIGKILL);
  while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  return yes_or_why(code);
}

std::string libc() {
#if defined(__GLIBC__)
  return std::string("glibc ") + gnu_get_libc_version();
#else
  return "not glibc";
#endif
}

std::string kernel() {
  utsname names{};
  uname(&names);
  return std::string(names.sysname) + " " + names.release;
}

std::string architecture() {
  utsname names{};
  uname(&names);
  return names.machine;
}

// gVisor has no name of its own in uname(2); this is the version that it always tells.
std::string gvisor() {
  std::ifstream file("/proc/version");
  std::string line;
  std::getline(file, line);
  return line.find("4.4.0 #1 SMP Sun Jan 10 15:06:54 PST 2016") != std::string::npos ? "yes" : "no";
}

}  // namespace

int listener_refusal() { return outcome_in_child(try_listener); }

std::vector<Finding> look_at_host() {
  return {{"kernel", kernel()},
          {"gVisor", gvisor()},
          {"architecture", architecture()},
          {"libc", libc()},
          {"/dev/ptmx", can_open("/dev/ptmx")},
          {"/dev/tty", has_dev_tty()},
          {"devpts", has_devpts()},
          {"mount namespaces", in_child([] { return unshare(CLONE_NEWNS) == 0 ? 0 : errno; })},
          {"user namespaces", in_child([] { return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 ? 0 : errno; })},
          {"Landlock", try_landlock()},
          {"seccomp listener (ADDFD)", listener()},
          {"process_vm_readv", try_process_vm()},
          {"code may be patched (mprotect)", try_mprotect()}};
}

Result<> try_terminal(const TerminalSource& source, const Program& looker) {
  boost::asio::io_context context(1);
  Children children(context);
  FARPTY_ASSIGN(started, start(context, source, looker, kTrialSize));
  std::optional<ExitStatus> ended;
  Timer limit(context);
  limit.run_after(std::chrono::seconds(10), [&] { context.stop(); });
  FARPTY_TRY(children.watch(started.child.pid, [&](ExitStatus status) {
    ended = status;
    context.stop();
  }));
  context.run();
  if (!ended) return failure("cannot use", "such a terminal", "a program on it does not end");
  if (ended->shell_code() == 0) return {};
  return failure("cannot use", "such a terminal", "a program on it sees none (" + ended->text() + ")");
}

Program looking_shell() {
  Program shell;
  shell.file = "/bin/sh";
  shell.arguments = {"sh", "-c",
                     "test -t 0 && test -t 1 && { ! command -v stty >/dev/null || test \"$(stty size)\" = '7 77'; }"};
  shell.environment = {"PATH=/usr/bin:/bin"};
  shell.directory = "/";
  return shell;
}

bool is_on_trial_terminal() {
  winsize size{};
  return isatty(0) == 1 && isatty(1) == 1 && ioctl(0, TIOCGWINSZ, &size) == 0 && size.ws_row == kTrialSize.rows &&
         size.ws_col == kTrialSize.columns;
}

}  // namespace farpty::pty
