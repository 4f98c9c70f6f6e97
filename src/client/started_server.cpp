#include "client/started_server.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <string>

#include "base/own_executable.hpp"
#include "base/owned_fd.hpp"
#include "client/ask.hpp"

namespace farpty::client {

namespace {

constexpr std::chrono::seconds kPatience{20};
constexpr std::chrono::milliseconds kLook{20};
constexpr const char* kIdle = "1m";  // how long it stays when nobody is there

// The address on this machine by which ssh came in (ssh(1), ENVIRONMENT: SSH_CONNECTION); empty: not by ssh.
std::string address_of_ssh() {
  const char* const text = std::getenv("SSH_CONNECTION");
  if (text == nullptr) return {};
  std::array<std::string, 4> words;
  std::size_t at = 0;
  for (const char* c = text; *c != '\0' && at < words.size(); ++c) {
    if (*c == ' ')
      ++at;
    else
      words[at] += *c;
  }
  return words[2];
}

}  // namespace

bool is_for_ssh(const net::Url& door) {
  return door.host == "0.0.0.0" || door.host == "::" || door.host == address_of_ssh();
}

Result<pid_t> start_server_for_ssh() {
  const std::string host = address_of_ssh();
  if (host.empty())
    return failure("cannot start", "a server", "SSH_CONNECTION is not set: this is for farpty connect --ssh");
  const std::string door = "farpty://" + (host.contains(':') ? "[" + host + "]" : host) + ":0";
  const OwnedFd nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!nothing) return os_error("cannot open", "/dev/null");
  // execv(3) takes what it does not change as if it could.
  std::array<std::string, 6> words = {"farpty", "serve", "--listen", door, "--exit-when-idle", kIdle};
  std::array<char*, words.size() + 1> arguments{};
  for (std::size_t i = 0; i < words.size(); ++i) arguments[i] = words[i].data();
  const std::string self = own_executable();
  const pid_t child = fork();
  if (child < 0) return os_error("cannot start", "a server");
  if (child == 0) {
    // A session of its own: the end of ssh's hangs nobody up. Descriptors of ssh's would keep it waiting.
    setsid();
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) dup2(nothing.get(), fd);
    if (chdir("/") != 0) _exit(127);
    execv(self.c_str(), arguments.data());
    _exit(127);
  }
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < until) {
    const auto servers = RunningServers::ask(child);
    if (!servers.found().empty() && !servers.found().front().doors.empty()) return child;
    if (waitpid(child, nullptr, WNOHANG) == child)
      return failure("cannot start", "a server", "it ended at once",
                     "try farpty serve --listen " + door + " there, to see why");
    poll(nullptr, 0, static_cast<int>(kLook.count()));
  }
  kill(child, SIGTERM);
  return failure("cannot start", "a server", "it does not answer");
}

}  // namespace farpty::client
