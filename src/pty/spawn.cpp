// spawn(): vfork and exec. vfork because a server's address space is not to be copied for each session; the price is that
// the child runs on the parent's memory, so run_child() makes system calls and writes nothing but its own stack.
#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "pty/program.hpp"

namespace farpty::pty {

namespace {

constexpr const char* kDefaultPath = "/usr/local/bin:/usr/bin:/bin";  // Debian's execvp(3) uses /bin:/usr/bin

// Everything that the child needs, made before it exists.
struct Plan {
  std::vector<std::string> candidates;     // files to try, in PATH's order
  std::vector<const char*> arguments;      // argv
  std::vector<const char*> shell_arguments;  // for a script without #!, as execvp(3) does: /bin/sh FILE ARG...
  std::vector<const char*> environment;
  const Program* program = nullptr;
  Stdio stdio;
  int report = -1;  // close-on-exec pipe: a ChildFailure is written here, or exec closes it
};

std::string_view path_of(const Program& program) {
  for (const std::string& entry : program.environment)
    if (entry.starts_with("PATH=")) return std::string_view(entry).substr(5);
  return kDefaultPath;
}

std::vector<std::string> candidates_for(const Program& program) {
  if (program.file.find('/') != std::string::npos) return {program.file};
  std::vector<std::string> found;
  std::string_view path = path_of(program);
  while (true) {
    const auto colon = path.find(':');
    const std::string_view folder = path.substr(0, colon);
    found.push_back((folder.empty() ? "." : std::string(folder)) + "/" + program.file);
    if (colon == std::string_view::npos) return found;
    path.remove_prefix(colon + 1);
  }
}

std::vector<const char*> pointers(const std::vector<std::string>& strings) {
  std::vector<const char*> list;
  for (const std::string& text : strings) list.push_back(text.c_str());
  list.push_back(nullptr);
  return list;
}

// An inherited descriptor under 3 would be closed by the dup2 of another: lifted above them first.
int lifted(int fd) { return fd > 2 ? fd : fcntl(fd, F_DUPFD_CLOEXEC, 3); }

[[noreturn]] void give_up(const Plan& plan, int code, const char* step) noexcept {
  const ChildFailure failure{.code = code, .step = step};
  // One small write to a pipe that nobody else writes is whole or fails; there is nobody to tell if it fails.
  (void)!write(plan.report, &failure, sizeof failure);
  _exit(127);
}

void close_all_but_stdio() noexcept {
  if (syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) == 0) return;
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const int most = static_cast<int>(std::min<rlim_t>(limit.rlim_cur, 65536));
  for (int fd = 3; fd < most; ++fd) fcntl(fd, F_SETFD, FD_CLOEXEC);
}

[[noreturn]] void run_child(const Plan& plan) noexcept {
  // Handlers are the parent's code and an ignored signal would be inherited: all back to default (signal(7)).
  struct sigaction standard{};
  standard.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) sigaction(number, &standard, nullptr);

  if (setsid() < 0) give_up(plan, errno, "cannot make a session for");
  const int in = lifted(plan.stdio.in);
  const int out = lifted(plan.stdio.out);
  const int err = lifted(plan.stdio.err);
  if (in < 0 || out < 0 || err < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
    give_up(plan, errno, "cannot give its terminal to");
  if (plan.stdio.controlling == Controlling::kYes && ioctl(0, TIOCSCTTY, 0) != 0)
    give_up(plan, errno, "cannot make a controlling terminal for");
  close_all_but_stdio();
  if (chdir(plan.program->directory.c_str()) != 0 && chdir("/") != 0) give_up(plan, errno, "cannot find a directory for");
  if (plan.program->open_files) setrlimit(RLIMIT_NOFILE, &*plan.program->open_files);
  for (const ChildStep* step : plan.program->steps)
    if (const auto failure = step->enter(); failure.code != 0) give_up(plan, failure.code, failure.step);

  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  auto* const argv = const_cast<char* const*>(plan.arguments.data());
  auto* const envp = const_cast<char* const*>(plan.environment.data());
  int code = ENOENT;
  for (const std::string& file : plan.candidates) {
    execve(file.c_str(), argv, envp);
    if (errno == ENOEXEC) {
      auto** script = const_cast<const char**>(plan.shell_arguments.data());
      script[1] = file.c_str();
      execve("/bin/sh", const_cast<char* const*>(script), envp);
    }
    // As execvp(3): a later folder may have it; "permission denied" is worth more than "no such file".
    if (errno != ENOENT && errno != ENOTDIR) code = errno;
    if (errno != ENOENT && errno != ENOTDIR && errno != EACCES) break;
  }
  give_up(plan, code, "cannot run");
}

// All signals are held while the child runs on our memory: a handler in it would change our state.
class SignalsHeld {
 public:
  SignalsHeld() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsHeld() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsHeld(const SignalsHeld&) = delete;
  SignalsHeld& operator=(const SignalsHeld&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace

Result<pid_t> spawn(const Program& program, const Stdio& stdio) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return os_error("cannot run", program.file);
  const OwnedFd report(ends[0]);
  OwnedFd child_report(ends[1]);

  Plan plan{.candidates = candidates_for(program),
            .arguments = pointers(program.arguments),
            .environment = pointers(program.environment),
            .program = &program,
            .stdio = stdio,
            .report = child_report.get()};
  plan.shell_arguments = {"/bin/sh", nullptr};
  if (!program.arguments.empty())
    plan.shell_arguments.insert(plan.shell_arguments.end(), plan.arguments.begin() + 1, plan.arguments.end());

  pid_t pid = -1;
  int fork_code = 0;
  {
    const SignalsHeld held;
    pid = vfork();
    if (pid == 0) run_child(plan);
    fork_code = errno;
  }
  if (pid < 0) return os_error("cannot make a process for", program.file, fork_code);

  child_report.reset();
  ChildFailure failure;
  ssize_t got = 0;
  do got = read(report.get(), &failure, sizeof failure);
  while (got < 0 && errno == EINTR);
  if (got != sizeof failure) return pid;
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  return os_error(failure.step, program.file, failure.code);
}

}  // namespace farpty::pty
