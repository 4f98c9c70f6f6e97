#include "pty/launch.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "pty/keeper.hpp"
#include "ttycall/filter.hpp"

namespace farpty::pty {

namespace {

constexpr const char* kDefaultPath = "/usr/local/bin:/usr/bin:/bin";  // Debian's execvp(3) uses /bin:/usr/bin

std::string_view path_of(const Program& program) {
  for (const std::string& entry : program.environment)
    if (entry.starts_with("PATH=")) return std::string_view(entry).substr(5);
  return kDefaultPath;
}

std::vector<const char*> pointers(const std::vector<std::string>& strings) {
  std::vector<const char*> list;
  for (const std::string& text : strings) list.push_back(text.c_str());
  list.push_back(nullptr);
  return list;
}

// An inherited descriptor under 3 would be closed by the dup2 of another: lifted above them first.
int lifted(int fd) { return fd > 2 ? fd : fcntl(fd, F_DUPFD_CLOEXEC, 3); }

[[noreturn]] void give_up(int report, int code, const char* step) noexcept {
  const ChildFailure failure{.code = code, .step = step};
  // One small write to a pipe that nobody else writes is whole or fails; there is nobody to tell if it fails. If calls of this
  // process are stopped already (pty/listening.hpp), nobody would answer: the sixth argument lets this one pass.
  syscall(SYS_write, report, &failure, sizeof failure, 0, 0, ttycall::kNotStopped);
  _exit(127);
}

void close_all_but_stdio() noexcept {
  if (syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) == 0) return;
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const int most = static_cast<int>(std::min<rlim_t>(limit.rlim_cur, 65536));
  for (int fd = 3; fd < most; ++fd) fcntl(fd, F_SETFD, FD_CLOEXEC);
}

// By the system call: the C library refuses its own two signals (32 and 33), and glibc's posix_spawn leaves just these
// ignored in its children, in all that make starts for example.
void default_signals() noexcept {
  constexpr std::size_t kMaskSize = 8;            // rt_sigaction(2): the kernel's sigset_t
  const std::array<unsigned long, 8> standard{};  // its struct sigaction: SIG_DFL, no flags, no mask
  for (int number = 1; number < NSIG; ++number) syscall(SYS_rt_sigaction, number, standard.data(), nullptr, kMaskSize);
}

}  // namespace

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

Launch::Launch(const Program& program, const Stdio& stdio)
    : candidates_(candidates_for(program)),
      arguments_(pointers(program.arguments)),
      shell_arguments_({"/bin/sh", nullptr}),
      environment_(pointers(program.environment)),
      program_(program),
      stdio_(stdio) {
  if (!program.arguments.empty())
    shell_arguments_.insert(shell_arguments_.end(), arguments_.begin() + 1, arguments_.end());
}

// `report`: close-on-exec pipe; a ChildFailure is written there, or exec closes it.
void Launch::run_child(int report) noexcept {
  // Handlers are the parent's code and an ignored signal would be inherited: all back to default (signal(7)).
  default_signals();

  if (setsid() < 0) give_up(report, errno, "cannot make a session for");
  const int in = lifted(stdio_.in);
  const int out = lifted(stdio_.out);
  const int err = lifted(stdio_.err);
  if (in < 0 || out < 0 || err < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
    give_up(report, errno, "cannot give its terminal to");
  if (stdio_.controlling == Controlling::kYes && ioctl(0, TIOCSCTTY, 0) != 0)
    give_up(report, errno, "cannot make a controlling terminal for");
  close_all_but_stdio();
  if (chdir(program_.directory.c_str()) != 0 && chdir("/") != 0) give_up(report, errno, "cannot find a directory for");
  if (program_.open_files) setrlimit(RLIMIT_NOFILE, &*program_.open_files);
  for (const ChildStep* step : program_.steps)
    if (const auto failure = step->enter(); failure.code != 0) give_up(report, failure.code, failure.step);

  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  auto* const argv = const_cast<char* const*>(arguments_.data());
  auto* const envp = const_cast<char* const*>(environment_.data());
  int code = ENOENT;
  for (const std::string& file : candidates_) {
    execve(file.c_str(), argv, envp);
    if (errno == ENOEXEC) {
      const char** script = shell_arguments_.data();
      script[1] = file.c_str();
      execve("/bin/sh", const_cast<char* const*>(script), envp);
    }
    // As execvp(3): a later folder may have it; "permission denied" is worth more than "no such file".
    if (errno != ENOENT && errno != ENOTDIR) code = errno;
    if (errno != ENOENT && errno != ENOTDIR && errno != EACCES) break;
  }
  give_up(report, code, "cannot run");
}

Launch::Outcome Launch::start() noexcept {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return {.failure = {.code = errno, .step = "cannot run"}};
  const OwnedFd report(ends[0]);
  OwnedFd child_report(ends[1]);
  pid_t pid = -1;
  int fork_code = 0;
  {
    const SignalsHeld held;
    pid = vfork();  // NOLINT(bugprone-unsafe-functions): see the head of launch.hpp
    if (pid == 0) run_child(child_report.get());
    fork_code = errno;
  }
  if (pid < 0) return {.failure = {.code = fork_code, .step = "cannot make a process for"}};

  child_report.reset();
  ChildFailure failure;
  ssize_t got = 0;
  do got = read(report.get(), &failure, sizeof failure);
  while (got < 0 && errno == EINTR);
  if (got != sizeof failure) return {.pid = pid};
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  return {.failure = failure};
}

SignalsHeld::SignalsHeld() noexcept {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before_);
}

SignalsHeld::~SignalsHeld() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

Result<Spawned> spawn(const Program& program, const Stdio& stdio) {
  Launch launch(program, stdio);
  if (program.leftovers == Leftovers::kAreKilled) return spawn_kept(launch, program.file);
  const auto [pid, failure] = launch.start();
  if (failure) return os_error(failure.step, program.file, failure.code);
  return Spawned{.pid = pid, .leader = pid, .keeper = {}};
}

}  // namespace farpty::pty
