#include "pty/host.hpp"

#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include <boost/asio/steady_timer.hpp>
#if defined(__GLIBC__)
#include <gnu/libc-version.h>
#endif

#include "pty/children.hpp"
#include "pty/emulated_pty.hpp"

namespace farpty::pty {

namespace {

std::string yes_or_why(bool works, int code = errno) { return works ? "yes" : "no: " + reason_of(code); }

// In a child, because a success would stay.
std::string try_user_namespaces() {
  const pid_t child = fork();
  if (child < 0) return yes_or_why(false);
  if (child == 0) _exit(unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 ? 0 : errno);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? yes_or_why(WEXITSTATUS(status) == 0, WEXITSTATUS(status)) : "no: the child was killed";
}

std::string try_landlock() {
  const long version = syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return version < 0 ? yes_or_why(false) : "yes, ABI " + std::to_string(version);
}

std::string try_notification() {
  const std::uint32_t action = SECCOMP_RET_USER_NOTIF;
  return yes_or_why(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0);
}

// What the library does to the entries of libc.
std::string try_mprotect() {
  const auto size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  void* const page = mmap(nullptr, size, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return yes_or_why(false);
  const std::string answer = yes_or_why(mprotect(page, size, PROT_READ | PROT_WRITE | PROT_EXEC) == 0);
  munmap(page, size);
  return answer;
}

std::string try_process_vm() {
  char from = 'x';
  char to = 0;
  const iovec local{.iov_base = &to, .iov_len = 1};
  const iovec remote{.iov_base = &from, .iov_len = 1};
  return yes_or_why(process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == 1);
}

std::string libc() {
#if defined(__GLIBC__)
  return std::string("glibc ") + gnu_get_libc_version();
#else
  return "not glibc";
#endif
}

// gVisor has no name of its own in uname(2); this is the version that it always tells.
std::string kernel() {
  std::ifstream file("/proc/version");
  std::string line;
  std::getline(file, line);
  utsname names{};
  uname(&names);
  const bool gvisor = line.find("4.4.0 #1 SMP Sun Jan 10 15:06:54 PST 2016") != std::string::npos;
  return std::string(names.sysname) + " " + names.release + ", " + names.machine + (gvisor ? " (gVisor)" : "");
}

}  // namespace

std::vector<Finding> look_at_host() {
  return {{"kernel", kernel()},
          {"libc", libc()},
          {"code may be patched (mprotect)", try_mprotect()},
          {"user and mount namespaces", try_user_namespaces()},
          {"Landlock", try_landlock()},
          {"seccomp notification", try_notification()},
          {"process_vm_readv", try_process_vm()}};
}

Result<> try_emulated_pty() {
  boost::asio::io_context context(1);
  Children children(context);
  Program program;
  program.file = "/bin/sh";
  program.arguments = {"sh", "-c",
                       "test -t 0 && test -t 1 && { ! command -v stty >/dev/null || test \"$(stty size)\" = '7 77'; }"};
  program.environment = {"PATH=/usr/bin:/bin"};
  program.directory = "/";
  FARPTY_ASSIGN(started, EmulatedPty::start(context, program, {.columns = 77, .rows = 7}));
  std::optional<ExitStatus> ended;
  boost::asio::steady_timer limit(context, std::chrono::seconds(10));
  limit.async_wait([&](const boost::system::error_code&) { context.stop(); });
  FARPTY_TRY(children.watch(started.child.pid, [&](ExitStatus status) {
    ended = status;
    context.stop();
  }));
  context.run();
  if (!ended) return failure("cannot use", "an emulated terminal", "a shell on it does not end");
  if (ended->shell_code() == 0) return {};
  return failure("cannot use", "an emulated terminal", "a shell on it sees none (" + ended->text() + ")");
}

}  // namespace farpty::pty
