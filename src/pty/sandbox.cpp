#include "pty/sandbox.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <iterator>
#include <string_view>
#include <utility>

#include "pty/sandbox_files.hpp"
#include "pty/sandbox_filter.hpp"

namespace farpty::pty {

struct Sandbox::Host {
  int abi = 0;
  PrivateRoot root;
  SyscallFilter filter;
};

namespace {

constexpr const char* kCannot = "cannot start with";
constexpr const char* kFlag = "--sandbox";

Result<> refuse_root() {
  uid_t real = 0;
  uid_t effective = 0;
  uid_t saved = 0;
  if (::getresuid(&real, &effective, &saved) < 0) return os_error("cannot read", "the user ids");
  if (real != 0 && effective != 0 && saved != 0) return {};
  return failure(kCannot, kFlag, "the server runs as root, whom it would not hold",
                 "run it as a user of its own, as the systemd unit for public applications does");
}

// Why seccomp filters cannot be had; empty when they can.
std::string missing_in_seccomp() {
#if !defined(__x86_64__) && !defined(__aarch64__)
  return "its system call filter is written for x86_64 and aarch64 only";
#else
  for (const unsigned action : {SECCOMP_RET_ERRNO, SECCOMP_RET_KILL_PROCESS})
    if (::syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) != 0)
      return fmt::format("system calls cannot be filtered by seccomp: {} (needs Linux 4.14 with CONFIG_SECCOMP_FILTER)",
                         reason_of(errno));
  return {};
#endif
}

// What the trial child found; `got` is its errno, 0 where a forbidden thing went well.
struct Finding {
  int got = 0;
  char what[64] = {};
};

// In the child of the trial, inside the sandbox: each promise that one system call can show broken.
void look_around(const char* own_file, const char* foreign_file, Finding& finding) noexcept {
  const auto expect = [&finding](const char* what, long result, bool allowed) {
    if (finding.what[0] != 0 || (result >= 0) == allowed) return;
    finding.got = result < 0 ? errno : 0;
    for (std::size_t i = 0; i + 1 < sizeof finding.what && what[i] != 0; ++i) finding.what[i] = what[i];
  };
  expect("writing to its own HOME", ::open(own_file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600), true);
  expect("listing /usr", ::open("/usr", O_RDONLY | O_DIRECTORY | O_CLOEXEC), true);
  expect("opening another session's file", ::open(foreign_file, O_RDONLY | O_CLOEXEC), false);
  expect("reading /proc", ::open("/proc/self/status", O_RDONLY | O_CLOEXEC), false);
  expect("making a socket", ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), false);
  expect("signalling the server", ::kill(::getppid(), 0), false);
  expect("signalling itself", ::kill(::getpid(), 0), true);
}

constexpr std::string_view kKept[] = {"PATH", "TERM",  "COLORTERM", "LANG",   "LANGUAGE",
                                      "TZ",   "SHELL", "USER",      "LOGNAME"};

bool is_kept(std::string_view name) {
  return name.starts_with("LC_") || std::ranges::find(kKept, name) != std::end(kKept);
}

}  // namespace

Sandbox::Sandbox(std::shared_ptr<Host> host) : host_(std::move(host)) {}

Result<Sandbox> Sandbox::prepare(const SandboxOptions& options) {
  FARPTY_TRY(refuse_root());
  Result<int> abi = landlock_abi();
  if (abi && options.landlock_abi_at_most < 1)
    abi = failure("cannot confine files by", "Landlock", "this kernel has none");
  std::string missing = abi ? "" : abi.error().message();
  if (const std::string more = missing_in_seccomp(); !more.empty()) missing += (missing.empty() ? "" : "; ") + more;
  if (!missing.empty())
    return failure(kCannot, kFlag, missing, "without --sandbox the program is as free as this user");

  const int level = std::min(*abi, options.landlock_abi_at_most);
  std::string directory = options.directory;
  if (directory.empty()) {
    FARPTY_ASSIGN(path, PrivateRoot::default_path());
    directory = std::move(path);
  }
  FARPTY_ASSIGN(root, PrivateRoot::open(directory));
  Sandbox sandbox(std::make_shared<Host>(Host{.abi = level, .root = std::move(root), .filter = sandbox_filter(level)}));
  FARPTY_TRY(sandbox.try_out());
  return sandbox;
}

Result<> Sandbox::try_out() {
  FARPTY_ASSIGN(inside, instance());
  FARPTY_ASSIGN(other, instance());
  const std::string own_file = inside->home() + "/trial";
  const std::string foreign_file = other->home();
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) return os_error("cannot try out", kFlag);
  const OwnedFd reading(ends[0]);
  OwnedFd writing(ends[1]);

  const pid_t child = ::fork();
  if (child < 0) return os_error("cannot try out", kFlag);
  if (child == 0) {
    Finding finding;
    const ChildFailure failed = inside->enter();
    const bool entered = ::write(writing.get(), &failed, sizeof failed) == sizeof failed;
    if (!failed) look_around(own_file.c_str(), foreign_file.c_str(), finding);
    const bool told = entered && ::write(writing.get(), &finding, sizeof finding) == sizeof finding;
    ::_exit(told ? 0 : 1);
  }
  writing.reset();
  ChildFailure failed;
  Finding finding;
  // Both are smaller than PIPE_BUF: each comes whole or not at all. Nobody listens in the trial: with the sockets goes the
  // listener in them, and what is asked fails.
  const bool entered = ::read(reading.get(), &failed, sizeof failed) == sizeof failed;
  inside->from_child_.reset();
  inside->to_parent_.reset();
  const bool told = entered && ::read(reading.get(), &finding, sizeof finding) == sizeof finding;
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!told) return failure(kCannot, kFlag, fmt::format("a trial run ended early (wait status {:#x})", status));
  if (failed.code != 0)
    return failure(kCannot, kFlag,
                   fmt::format("a trial run failed: {} itself: {}", failed.step, reason_of(failed.code)),
                   "a container that the server runs in may forbid this");
  if (finding.what[0] == 0) return {};
  return failure(kCannot, kFlag,
                 finding.got == 0
                     ? fmt::format("this host does not hold it: {} was possible in a trial run", finding.what)
                     : fmt::format("{} was not possible in a trial run: {}", finding.what, reason_of(finding.got)));
}

Result<std::unique_ptr<SandboxInstance>> Sandbox::instance() {
  FARPTY_ASSIGN(directory, host_->root.make());
  FARPTY_ASSIGN(ruleset, file_rules(host_->abi, directory.home(), directory.tmp()));
  std::unique_ptr<SandboxInstance> made(new SandboxInstance(host_, std::move(directory), std::move(ruleset)));
  if (host_->abi < kAbiWithScopes && host_->abi >= kAbiWithWarden) {
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) return os_error("cannot make", "a socket pair");
    made->from_child_.reset(pair[0]);
    made->to_parent_.reset(pair[1]);
  }
  return made;
}

std::string Sandbox::description() const {
  std::string_view signals = "seccomp (a shell cannot signal its jobs)";
  if (host_->abi >= kAbiWithWarden) signals = "seccomp and a warden";
  if (host_->abi >= kAbiWithScopes) signals = "Landlock";
  return fmt::format("files by Landlock (ABI {}), no network by seccomp, signals confined by {}", host_->abi, signals);
}

SandboxInstance::SandboxInstance(std::shared_ptr<Sandbox::Host> host, PrivateDirectory directory, OwnedFd ruleset)
    : host_(std::move(host)), directory_(std::move(directory)), ruleset_(std::move(ruleset)) {}

SandboxInstance::~SandboxInstance() = default;

ChildFailure SandboxInstance::enter() const noexcept {
  // Ambient capabilities would outlive exec. EINVAL: a kernel before 4.3, which has none.
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 && errno != EINVAL)
    return {.code = errno, .step = "cannot drop the capabilities of"};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return {.code = errno, .step = "cannot set no_new_privs for"};
  if (const int code = allow_own_terminal(ruleset_.get(), host_->abi); code != 0)
    return {.code = code, .step = "cannot allow its terminal to"};
  if (const int code = confine_files(ruleset_.get()); code != 0)
    return {.code = code, .step = "cannot confine by Landlock"};
  if (const ChildFailure failed = confine_signals()) return failed;
  if (const int code = host_->filter.install(); code != 0)
    return {.code = code, .step = "cannot filter the system calls of"};
  return {};
}

// Before the general filter, so that nothing of this meets it.
ChildFailure SandboxInstance::confine_signals() const noexcept {
  constexpr const char* kStep = "cannot confine the signals of";
  if (host_->abi >= kAbiWithScopes) return {};
  if (!to_parent_) return {.code = signal_filter(::getpid(), SyscallFilter::refuse(EPERM)).install(), .step = kStep};
  const int listener = signal_filter(::getpid(), SyscallFilter::ask()).install_listening();
  if (listener < 0) return {.code = -listener, .step = kStep};
  const int code = send_descriptor(to_parent_.get(), listener);
  // Whoever held the listener could answer itself.
  for (const int fd : {listener, to_parent_.get(), from_child_.get()})
    ::close(fd);  // lint-allow(close): the child's own copies; the parent's objects keep theirs
  return {.code = code, .step = kStep};
}

Result<> SandboxInstance::answer_signals(boost::asio::io_context& context, pid_t leader) {
  if (!from_child_) return {};
  FARPTY_ASSIGN(listener, receive_descriptor(from_child_.get()));
  FARPTY_ASSIGN(warden, SignalWarden::open(context, std::move(listener), leader));
  warden_ = std::move(warden);
  from_child_.reset();
  to_parent_.reset();
  return {};
}

std::vector<std::string> SandboxInstance::environment(const std::vector<std::string>& given) const {
  std::vector<std::string> kept;
  for (const std::string& entry : given)
    if (is_kept(std::string_view(entry).substr(0, entry.find('=')))) kept.push_back(entry);
  kept.push_back("HOME=" + home());
  kept.push_back("TMPDIR=" + tmp());
  return kept;
}

}  // namespace farpty::pty
