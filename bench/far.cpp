// The far program of the benchmarks: what runs on the terminal at the other end, as simple as can be, so that the time
// measured is the way's and not the program's.
//
//   far echo       raw mode; gives each byte back as it comes
//   far text MIB   once a byte has come, MIB MiB of text through the tty's usual output processing, then the end mark;
//   a further byte ends it far exit       once a byte has come, writes the time (CLOCK_MONOTONIC, ns) and exits
//
// Each says kReady when its terminal is set. The marks hold control characters, so the echo of a typed command is none.
#include <termios.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <string>
#include <string_view>

namespace {

void put(std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = write(STDOUT_FILENO, text.data(), text.size());
    if (n <= 0) _exit(1);
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

// No line editing, no echo; output processing stays for kInput.
enum class Raw { kInput, kEverything };
void set_raw(Raw raw) {
  termios settings{};
  if (tcgetattr(STDIN_FILENO, &settings) != 0) _exit(1);
  const tcflag_t output = settings.c_oflag;
  cfmakeraw(&settings);
  if (raw == Raw::kInput) settings.c_oflag = output;
  tcsetattr(STDIN_FILENO, TCSANOW, &settings);
}

void await_byte() {
  char byte = 0;
  if (read(STDIN_FILENO, &byte, 1) != 1) _exit(1);
}

void echo() {
  char bytes[64];
  for (;;) {
    const ssize_t n = read(STDIN_FILENO, bytes, sizeof bytes);
    if (n <= 0) _exit(0);
    put({bytes, static_cast<std::size_t>(n)});
  }
}

void text(long mib) {
  std::string line;
  for (char c = ' '; line.size() < 63; c = c == '~' ? ' ' : static_cast<char>(c + 1)) line += c;
  line += '\n';
  std::string block;
  while (block.size() < 64 * 1024) block += line;
  for (long i = 0; i < mib * 16; ++i) put(block);
  put("\002end\003");
  await_byte();  // telnetd drops what it still holds when the program ends
}

long long now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

// The time is told beforehand, for telnetd drops what it still holds when the program ends; and met to the microsecond.
void leave() {
  const long long at = now_ns() + 30'000'000;
  put("\002" + std::to_string(at) + "\003");
  usleep(25'000);
  while (now_ns() < at) {
  }
  _exit(0);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view what = argc > 1 ? argv[1] : "";
  set_raw(what == "echo" ? Raw::kEverything : Raw::kInput);
  put("\002ready\003");
  if (what == "echo") echo();
  await_byte();
  if (what == "text" && argc > 2) text(std::atol(argv[2]));
  if (what == "exit") leave();
}
