#include "client/ssh_fetch.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <sstream>

#include <fmt/format.h>

#include "auth/secret.hpp"
#include "base/log.hpp"
#include "base/owned_fd.hpp"
#include "base/pipe.hpp"

namespace farpty::client {

namespace {

constexpr std::size_t kMostOutput = 64 * 1024;

struct Ran {
  auth::SecretBytes output;
  int status = 0;  // of waitpid(2)
};

// Its stderr is ours, and ssh asks for passwords and host keys at /dev/tty. Our stdin is for what runs over there later.
Result<Ran> run(const std::vector<std::string>& words) {
  FARPTY_ASSIGN(pipe, make_pipe());
  const OwnedFd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!nothing) return os_error("cannot open", "/dev/null");
  std::vector<std::string> copies = words;
  std::vector<char*> arguments;
  for (std::string& word : copies) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const pid_t child = fork();
  if (child < 0) return os_error("cannot run", words.front());
  if (child == 0) {
    dup2(nothing.get(), STDIN_FILENO);
    dup2(pipe.write.get(), STDOUT_FILENO);
    execvp(arguments.front(), arguments.data());
    _exit(127);
  }
  pipe.write.reset();
  Ran ran;
  std::array<std::byte, 4096> part{};
  while (ran.output.size() < kMostOutput) {
    const ssize_t count = ::read(pipe.read.get(), part.data(), part.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    ran.output.insert(ran.output.end(), part.begin(), part.begin() + count);
  }
  OPENSSL_cleanse(part.data(), part.size());
  while (waitpid(child, &ran.status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(ran.status) && WEXITSTATUS(ran.status) == 127)
    return failure("cannot run", words.front(), "there is no such program, or none called " + words.back() + " there");
  return ran;
}

// For a shell at the far end, which ssh always puts before the command.
std::string quoted(const std::string& word) {
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

// The name or address to which ssh would go (ssh(1), -G); empty where it does not say.
std::string host_of(const SshWish& wish) {
  std::vector<std::string> words = wish.program;
  words.insert(words.end(), {"-G", "--", wish.destination});
  const auto ran = run(words);
  if (!ran) return {};
  std::istringstream lines{std::string(as_text(ran->output))};
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("hostname ")) return line.substr(9);
  return {};
}

}  // namespace

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

Result<net::Url> fetch_by_ssh(const SshWish& wish) {
  if (wish.destination.empty() || wish.destination.starts_with('-'))
    return failure("cannot connect to", "'" + log::printable(wish.destination) + "'", "it is not an address of ssh's");
  if (wish.program.empty()) return failure("cannot run", "ssh", "--ssh-program is empty");
  std::vector<std::string> words = wish.program;
  words.insert(words.end(), {"-T", "--", wish.destination, quoted(wish.far_program) + " invite --for-ssh"});
  FARPTY_ASSIGN(ran, run(words));
  const auto failed = [&](const std::string& why) {
    return failure("cannot connect to", log::printable(wish.destination), why,
                   "is farpty installed there? --far-program says where");
  };
  if (!WIFEXITED(ran.status) || WEXITSTATUS(ran.status) != 0) return failed("ssh did not bring an invitation");
  // What a login script over there prints comes before it.
  const std::string_view text = as_text(ran.output);
  const auto at = text.rfind("farpty://");
  if (at == std::string_view::npos) return failed("ssh brought no invitation");
  const auto line = text.substr(at, text.find_first_of("\r\n", at) - at);
  auto url = net::parse_url(line);
  if (!url || url->token.empty()) return failed("ssh brought no invitation");
  if (const std::string host = host_of(wish); !host.empty()) url->host = host;
  return url;
}

}  // namespace farpty::client
