#include "pty/keeper.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <string_view>
#include <system_error>

#include "pty/child_table.hpp"

namespace farpty::pty {

namespace {

// What the keeper tells the server when the program runs, or does not. The step is a literal, and a fork has its literals
// where its parent has them.
struct Report {
  pid_t leader = 0;
  ChildFailure failure;
};

// A wait status (wait(2)) of the program, once it is known.
struct End {
  pid_t program = 0;
  bool known = false;
  int status = 0;

  void note(pid_t pid, int how) {
    if (pid != program) return;
    known = true;
    status = how;
  }
};

void close_from_to(unsigned first, unsigned last) {
  if (first > last || syscall(SYS_close_range, first, last, 0) == 0) return;
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const auto most = static_cast<unsigned>(std::min<rlim_t>(limit.rlim_cur, 65536));
  for (unsigned fd = first; fd <= last && fd < most; ++fd) OwnedFd(static_cast<int>(fd)).reset();
}

// Of the server's descriptors the keeper holds none: a door's socket or a terminal's master, held here, would never close.
void close_all_but(std::array<int, 3> kept) {
  if (const OwnedFd null(open("/dev/null", O_RDWR | O_CLOEXEC)); null)
    for (const int fd : {0, 1, 2}) dup2(null.get(), fd);
  std::ranges::sort(kept);
  unsigned next = 3;
  for (const int fd : kept) {
    const auto number = static_cast<unsigned>(fd);
    if (number > next) close_from_to(next, number - 1);
    next = std::max(next, number + 1);
  }
  close_from_to(next, ~0U);
}

// Lets go of the heap: unlike its code, its pages are copies as soon as the server writes to its own. Nothing that runs from
// here on uses it. A libc that keeps its own data there (glibc's, in a static executable) keeps all.
void forget_heap() {
  const OwnedFd maps(open("/proc/self/maps", O_RDONLY | O_CLOEXEC));
  std::array<char, 2048> text{};  // the heap comes right after the executable (proc(5))
  const ssize_t count = maps ? read(maps.get(), text.data(), text.size()) : 0;
  if (count <= 0) return;
  const std::string_view lines(text.data(), static_cast<std::size_t>(count));
  const auto name = lines.find("[heap]");
  if (name == std::string_view::npos) return;
  const auto before = lines.rfind('\n', name);
  const char* at = text.data() + (before == std::string_view::npos ? 0 : before + 1);
  std::uintptr_t first = 0;
  std::uintptr_t last = 0;
  const auto dash = std::from_chars(at, text.data() + name, first, 16);
  const auto end = std::from_chars(dash.ptr + 1, text.data() + name, last, 16);
  const auto thread_data = reinterpret_cast<std::uintptr_t>(&errno);
  if (dash.ec != std::errc{} || end.ec != std::errc{} || (thread_data >= first && thread_data < last)) return;
  // NOLINTNEXTLINE(performance-no-int-to-ptr): a file of /proc is where it comes from
  madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
}

// Reaps whoever has ended. Whether any child is left.
bool reap(End& end) {
  while (true) {
    int status = 0;
    const pid_t pid = waitpid(-1, &status, WNOHANG);
    if (pid == 0) return true;
    if (pid > 0)
      end.note(pid, status);
    else if (errno != EINTR)
      return false;  // ECHILD
  }
}

// Until the program has ended, or the server wants it to, or is no more.
void wait_for_end(End& end, int signals, int lifeline) {
  pollfd events[] = {{.fd = signals, .events = POLLIN, .revents = 0}, {.fd = lifeline, .events = POLLIN, .revents = 0}};
  while (true) {
    reap(end);  // orphans, too
    if (end.known) return;
    if (poll(events, 2, -1) < 0 && errno != EINTR) return;
    if (events[1].revents != 0) return;
    signalfd_siginfo drained{};
    (void)!read(signals, &drained, sizeof drained);  // one SIGCHLD is pending at most
  }
}

void kill_the_rest(End& end) {
  if (!end.known) kill(-end.program, SIGKILL);  // its own group: it was not reaped
  while (reap(end)) {
    const auto [found, killed] = kill_children();
    if (found > 0 && killed == 0) return;  // not ours to kill
    int status = 0;
    // One of those that were killed has to end; where none was seen, one was just being handed to us: look again.
    const pid_t pid = killed > 0 ? waitpid(-1, &status, 0) : 0;
    if (pid > 0)
      end.note(pid, status);
    else
      poll(nullptr, 0, 1);
  }
}

[[noreturn]] void end_as(const End& end) {
  if (end.known && WIFSIGNALED(end.status)) {
    const rlimit none{};
    setrlimit(RLIMIT_CORE, &none);  // the program has left its own
    const int number = WTERMSIG(end.status);
    struct sigaction standard{};
    standard.sa_handler = SIG_DFL;
    sigaction(number, &standard, nullptr);
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, number);
    kill(getpid(), number);
    sigprocmask(SIG_UNBLOCK, &one, nullptr);
    _exit(128 + number);
  }
  _exit(end.known ? WEXITSTATUS(end.status) : 127);
}

// Above the standard ones, which are given away.
int lifted(int fd) { return fd > 2 ? fd : fcntl(fd, F_DUPFD_CLOEXEC, 3); }

// All signals are blocked, and stay so: who stops the server, by Ctrl-C or a service manager, does not stop its keepers.
[[noreturn]] void keep(Launch& launch, int lifeline, int report) noexcept {
  Report told;
  sigset_t child_ended;
  sigemptyset(&child_ended);
  sigaddset(&child_ended, SIGCHLD);
  struct sigaction standard{};
  standard.sa_handler = SIG_DFL;  // ignored, SIGCHLD would have the kernel reap
  sigaction(SIGCHLD, &standard, nullptr);
  const int signals = lifted(signalfd(-1, &child_ended, SFD_CLOEXEC | SFD_NONBLOCK));
  lifeline = lifted(lifeline);
  report = lifted(report);
  if (signals < 0 || lifeline < 0 || report < 0 || setsid() < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) {
    told.failure = {.code = errno, .step = "cannot make a keeper for"};
  } else {
    prctl(PR_SET_NAME, "farpty-keeper");
    const auto [pid, failure] = launch.start();
    told = {.leader = pid, .failure = failure};
  }
  // Before the server is told: it relies on the descriptors being its own from then on.
  if (!told.failure) close_all_but({lifeline, report, signals});
  (void)!write(report, &told, sizeof told);
  if (told.failure) _exit(127);
  OwnedFd(report).reset();
  forget_heap();

  End end{.program = told.leader};
  wait_for_end(end, signals, lifeline);
  kill_the_rest(end);
  end_as(end);
}

}  // namespace

Result<Spawned> spawn_kept(Launch& launch, const std::string& name) {
  int report_ends[2];
  int lifeline_ends[2];
  if (pipe2(report_ends, O_CLOEXEC) != 0) return os_error("cannot run", name);
  const OwnedFd report(report_ends[0]);
  OwnedFd keeper_report(report_ends[1]);
  if (pipe2(lifeline_ends, O_CLOEXEC) != 0) return os_error("cannot run", name);
  const OwnedFd keeper_lifeline(lifeline_ends[0]);
  OwnedFd lifeline(lifeline_ends[1]);

  pid_t pid = -1;
  int fork_code = 0;
  {
    const SignalsHeld held;
    pid = fork();
    if (pid == 0) keep(launch, keeper_lifeline.get(), keeper_report.get());
    fork_code = errno;
  }
  if (pid < 0) return os_error("cannot make a process for", name, fork_code);

  keeper_report.reset();
  Report told;
  ssize_t got = 0;
  do got = read(report.get(), &told, sizeof told);
  while (got < 0 && errno == EINTR);
  if (got == sizeof told && !told.failure)
    return Spawned{.pid = pid, .leader = told.leader, .keeper = std::move(lifeline)};
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  if (got != sizeof told) return failure("cannot run", name, "its keeper was killed");
  return os_error(told.failure.step, name, told.failure.code);
}

}  // namespace farpty::pty
