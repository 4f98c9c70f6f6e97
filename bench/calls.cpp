// The emulated terminal beside the kernel's: what a program on a terminal pays for its tty calls and for starting others, and
// what a key and a flood of output take through `farpty run`. Figures go to the file named by $BENCH_OUT, a line
// "QUANTITY NANOSECONDS" each; for terminal.py, which runs it once on each kind of terminal, in turn.
//
//   calls tty COUNT                on a terminal: isatty, tcgetattr, TIOCGWINSZ, tcgetpgrp, tcsetattr, TCSETS, tcflush
//   calls start COUNT PROGRAM...   fork, exec and wait of the program, COUNT times
//   calls run PROGRAM...           the same once, for a program that takes long
//   calls echo COUNT COMMAND...    from a key to its echo through the command's stdin and stdout, COUNT times
//   calls bulk COMMAND...          from a key to the end of the text that it makes
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <string_view>

namespace {

std::FILE* out = nullptr;

long long now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
}

void tell(const char* name, long long nanoseconds) { std::fprintf(out, "%s %lld\n", name, nanoseconds); }

template <typename Call>
void measure(const char* name, int count, Call call) {
  for (int i = 0; i < count / 10 + 1; ++i) call();  // the first finds the page, and warms up
  const long long start = now();
  for (int i = 0; i < count; ++i) call();
  tell(name, (now() - start) / count);
}

void tty_calls(int count) {
  termios settings{};
  tcgetattr(0, &settings);
  winsize size{};
  measure("isatty", count, [] { isatty(0); });
  measure("tcgetattr", count, [&] { tcgetattr(0, &settings); });
  measure("winsize", count, [&] { ioctl(0, TIOCGWINSZ, &size); });
  measure("tcgetpgrp", count, [] { tcgetpgrp(0); });
  // A change each time, as a shell makes it: line mode and single keys in turn.
  measure("tcsetattr", count, [&] {
    settings.c_lflag ^= ICANON | ECHO;
    tcsetattr(0, TCSANOW, &settings);
  });
  // The system call itself: this libc may make more of a tcsetattr(3) (Debian's glibc looks before and after it).
  std::uint32_t bare[16] = {};  // struct termios of the kernel: four words of flags, the last of them c_lflag
  ioctl(0, TCGETS, bare);
  measure("tcsets", count, [&] {
    bare[3] ^= ICANON | ECHO;
    ioctl(0, TCSETS, bare);
  });
  // A call that always asks the device: the round trip.
  measure("tcflush", count / 10, [] { tcflush(0, TCOFLUSH); });
}

void start(const char* name, int count, char** program) {
  for (int i = 0; i < count; ++i) {
    const long long begun = now();
    const pid_t pid = fork();
    if (pid == 0) {
      execv(program[0], program);
      _exit(127);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    if (status != 0) std::exit(1);
    tell(name, now() - begun);
  }
}

// A command with pipes on its stdin and stdout.
class Piped {
 public:
  explicit Piped(char** command) {
    int to[2], from[2];
    if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0) std::exit(1);
    pid_ = fork();
    if (pid_ == 0) {
      dup2(to[0], 0);
      dup2(from[1], 1);
      execvp(command[0], command);
      _exit(127);
    }
    ::close(to[0]);
    ::close(from[1]);
    in_ = to[1];
    out_ = from[0];
  }
  ~Piped() {
    ::close(in_);
    ::close(out_);
    kill(pid_, SIGTERM);
    waitpid(pid_, nullptr, 0);
  }
  Piped(const Piped&) = delete;
  Piped& operator=(const Piped&) = delete;

  void type(char key) const {
    if (write(in_, &key, 1) != 1) std::exit(1);
  }
  // Reads until the last bytes are these.
  void await(std::string_view end) {
    std::string last;
    while (!last.ends_with(end)) {
      const ssize_t count = read(out_, buffer_, sizeof buffer_);
      if (count <= 0) std::exit(1);
      last.append(buffer_, static_cast<std::size_t>(count));
      if (last.size() > 64) last.erase(0, last.size() - 64);
    }
  }

 private:
  pid_t pid_ = -1;
  int in_ = -1, out_ = -1;
  char buffer_[256 * 1024];
};

constexpr std::string_view kReady = "\002ready\003", kEnd = "\002end\003";  // far.cpp

void echo(int count, char** command) {
  Piped far(command);
  far.await(kReady);
  for (int i = 0; i < count + 20; ++i) {
    const long long begun = now();
    far.type('x');
    far.await("x");
    if (i >= 20) tell("echo", now() - begun);
  }
}

void bulk(char** command) {
  Piped far(command);
  far.await(kReady);
  const long long begun = now();
  far.type('x');
  far.await(kEnd);
  tell("bulk", now() - begun);
  far.type('x');
}

}  // namespace

int main(int count, char** arguments) {
  const char* const path = std::getenv("BENCH_OUT");
  out = path != nullptr ? std::fopen(path, "ae") : stdout;
  if (count < 3 || out == nullptr) return 2;
  const std::string_view what = arguments[1];
  const int number = std::atoi(arguments[2]);
  if (what == "tty") tty_calls(number);
  if (what == "start" && count > 3) start("start", number, arguments + 3);
  if (what == "run") start("run", 1, arguments + 2);
  if (what == "echo" && count > 3) echo(number, arguments + 3);
  if (what == "bulk") bulk(arguments + 2);
  return std::fclose(out) == 0 ? 0 : 1;
}
