// The sandbox from inside: real children enter it and try each forbidden and each allowed act, once for each level of
// Landlock that this host can play. As root the tests become uid 1000 first, in a child.
#pragma once

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "base/owned_fd.hpp"
#include "pty/sandbox.hpp"
#include "pty/sandbox_files.hpp"

namespace farpty::pty {

inline constexpr uid_t kUser = 1000;

inline std::string read_all(int fd) {
  std::string all;
  char chunk[4096];
  // EIO is how a pty says that its last program has gone.
  for (ssize_t got = 0; (got = ::read(fd, chunk, sizeof chunk)) > 0;) all.append(chunk, static_cast<std::size_t>(got));
  return all;
}

// The server's part while a sandboxed child runs: a loop that answers its questions about signals.
class SandboxServer {
 public:
  explicit SandboxServer(SandboxInstance& instance) : instance_(instance) {}
  SandboxServer(const SandboxServer&) = delete;
  SandboxServer& operator=(const SandboxServer&) = delete;
  ~SandboxServer() {
    ended_ = true;
    context_.stop();
    if (thread_.joinable()) thread_.join();
    instance_.stop_answering();
  }

  void serve(pid_t leader) {
    thread_ = std::thread([this, leader] {
      const auto busy = boost::asio::make_work_guard(context_);
      // A real server asks when the program has been executed; here the child may not have entered yet.
      while (!ended_ && !instance_.answer_signals(context_, leader)) std::this_thread::yield();
      context_.run();
    });
  }

 private:
  SandboxInstance& instance_;
  boost::asio::io_context context_{1};
  std::atomic<bool> ended_ = false;
  std::thread thread_;
};

// Runs `act` in a child as an ordinary user: what it says, or writes to stdout and stderr, and how it ended if not well.
inline std::string in_child(const std::function<std::string()>& act, SandboxServer* server = nullptr) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return "no pipe";
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ends[1], 1);
    ::dup2(ends[1], 2);
    const bool root = ::geteuid() == 0;
    if (root && (::setgroups(0, nullptr) != 0 || ::setresgid(kUser, kUser, kUser) != 0 ||
                 ::setresuid(kUser, kUser, kUser) != 0))
      ::_exit(98);
    const std::string words = act();
    (void)!::write(ends[1], words.data(), words.size());
    ::_exit(0);
  }
  OwnedFd(ends[1]).reset();
  if (server != nullptr) server->serve(child);
  std::string words = read_all(ends[0]);
  OwnedFd(ends[0]).reset();
  int status = 0;
  ::waitpid(child, &status, 0);
  if (status != 0) words += fmt::format("[wait status {:#x}]", status);
  return words;
}

inline std::string outcome(std::string_view what, long result) {
  return fmt::format("{}: {}\n", what, result >= 0 ? "ok" : ::strerrorname_np(errno));
}

inline std::vector<std::string> plain_environment() {
  return {"PATH=/usr/local/bin:/usr/bin:/bin:/usr/games", "TERM=xterm", "LANG=C.UTF-8", "HOME=/nowhere",
          "SSH_AUTH_SOCK=/s"};
}

[[noreturn]] inline void execute(const SandboxInstance& instance, const std::vector<std::string>& command) {
  const std::vector<std::string> environment = instance.environment(plain_environment());
  const auto pointers = [](const std::vector<std::string>& words) {
    std::vector<char*> list(words.size() + 1, nullptr);  // execve(2) writes to none of them
    std::ranges::transform(words, list.begin(), [](const std::string& word) { return ::strdup(word.c_str()); });
    return list;
  };
  ::execve(command[0].c_str(), pointers(command).data(), pointers(environment).data());
  ::_exit(97);
}

class SandboxTest : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    const auto abi = landlock_abi();
    if (!abi) GTEST_SKIP() << abi.error().message();
    if (GetParam() > *abi) GTEST_SKIP() << "this kernel's Landlock is ABI " << *abi;
    std::string pattern = ::testing::TempDir() + "farpty-sandbox-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    scratch_ = pattern;
    ASSERT_EQ(::chmod(scratch_.c_str(), 0777), 0);
    in_child([this] {
      std::filesystem::create_directory(outside());
      std::ofstream(outside() + "/secret") << "secret";
      return "";
    });
  }
  void TearDown() override {
    if (!scratch_.empty()) std::filesystem::remove_all(scratch_);
  }

  // A folder of the same user that no rule allows.
  [[nodiscard]] std::string outside() const { return scratch_ + "/outside"; }
  [[nodiscard]] std::string root() const { return scratch_ + "/root"; }
  [[nodiscard]] bool has_job_control() const { return GetParam() >= kAbiWithWarden; }
  [[nodiscard]] SandboxOptions options() const { return {.directory = root(), .landlock_abi_at_most = GetParam()}; }

  // What `act` says inside a sandbox, in a child that leads a session of its own.
  std::string inside(const std::function<std::string(const SandboxInstance&)>& act) {
    return in_child([&]() -> std::string {
      auto sandbox = Sandbox::prepare(options());
      if (!sandbox) return sandbox.error().message();
      auto instance = sandbox->instance();
      if (!instance) return instance.error().message();
      SandboxServer server(**instance);
      const auto enter_and_act = [&]() -> std::string {
        ::setsid();
        if (const ChildFailure failed = (*instance)->enter()) return fmt::format("{}: {}", failed.step, failed.code);
        return act(**instance);
      };
      return in_child(enter_and_act, &server);
    });
  }

  // What a command prints to stdout and stderr inside a sandbox, on pipes.
  std::string run(const std::vector<std::string>& command) {
    return inside([&](const SandboxInstance& instance) -> std::string { execute(instance, command); });
  }
  std::string shell(const std::string& script) { return run({"/bin/bash", "-c", script}); }

  // What a command shows on a terminal of its own, inside a sandbox, until `enough` has been seen or it ends.
  std::string on_terminal(const std::vector<std::string>& command, const std::string& typed,
                          const std::string& enough) {
    return in_child([&]() -> std::string {
      auto sandbox = Sandbox::prepare(options());
      if (!sandbox) return sandbox.error().message();
      auto instance = sandbox->instance();
      const OwnedFd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
      ::unlockpt(master.get());
      const std::string name = ::ptsname(master.get());
      const winsize size{.ws_row = 24, .ws_col = 80};
      ::ioctl(master.get(), TIOCSWINSZ, &size);
      const pid_t child = ::fork();
      if (child == 0) {
        ::setsid();
        // A session leader's first: it becomes the controlling terminal.
        const int tty = ::open(name.c_str(), O_RDWR);  // lint-allow(cloexec): its program's own
        for (const int fd : {0, 1, 2}) ::dup2(tty, fd);
        if (::chdir((*instance)->home().c_str()) != 0 || (*instance)->enter().code != 0) ::_exit(96);
        execute(**instance, command);
      }
      SandboxServer server(**instance);
      server.serve(child);
      (void)!::write(master.get(), typed.data(), typed.size());
      std::string shown;
      char chunk[4096];
      for (ssize_t got = 0; !shown.contains(enough) && (got = ::read(master.get(), chunk, sizeof chunk)) > 0;)
        shown.append(chunk, static_cast<std::size_t>(got));
      ::kill(child, SIGKILL);
      ::waitpid(child, nullptr, 0);
      return shown;
    });
  }

  std::string scratch_;
};

}  // namespace farpty::pty
