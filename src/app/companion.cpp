#include "app/companion.hpp"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <utility>

#include "base/pipe.hpp"
#include "base/process_handle.hpp"

extern char** environ;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables): POSIX

namespace farpty::app {

Result<Companion> Companion::start(const std::string& file, const std::vector<std::string>& words) {
  FARPTY_ASSIGN(told, make_pipe());
  FARPTY_ASSIGN(said, make_pipe());
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, told.read.get(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, said.write.get(), STDOUT_FILENO);
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  pid_t pid = -1;
  const int code = posix_spawn(&pid, file.c_str(), &actions, &attributes, arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (code != 0) return os_error("cannot run", file, code);
  return Companion(pid, std::move(told.write), std::move(said.read));
}

Companion::Companion(Companion&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), input_(std::move(other.input_)), output_(std::move(other.output_)) {}

int Companion::end(std::chrono::milliseconds patience) {
  if (pid_ < 0) return status_;
  input_.reset();
  output_.reset();
  // A child that nobody waits for yet keeps its number.
  const auto process = ProcessHandle::open(pid_);
  if (process && !process->ends_within(patience)) {
    terminated_ = true;
    kill(pid_, SIGTERM);
  }
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0)
    if (errno != EINTR) break;
  pid_ = -1;
  status_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return status_;
}

}  // namespace farpty::app
