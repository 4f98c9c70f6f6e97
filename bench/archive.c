/* What a static program pays for a tty call: with libfarpty.a in front of its libc, and without, when the device listens. Best of
 * 40 rounds, in ns; the figures are in RESULTS.md:
 *   musl-gcc -O2 -static -o with bench/archive.c build/release/libfarpty.a; musl-gcc -O2 -static -o without bench/archive.c
 *   farpty run --terminal emulated -- ./with; farpty run --terminal emulated -- ./without; farpty run --terminal kernel -- ./without */
#include <stdio.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000L + time.tv_nsec;
}

static struct termios settings;
static struct winsize size;

static void measure(const char* name, int which) {
  enum { kRounds = 40, kCalls = 500 };
  long best = -1;
  for (int round = 0; round < kRounds; ++round) {
    const long start = now();
    for (int i = 0; i < kCalls; ++i) {
      if (which == 0) isatty(0);
      if (which == 1) tcgetattr(0, &settings);
      if (which == 2) ioctl(0, TIOCGWINSZ, &size);
    }
    const long each = (now() - start) / kCalls;
    if (best < 0 || each < best) best = each;
  }
  printf("%s %ld\n", name, best);
}

int main(void) {
  measure("isatty", 0);
  measure("tcgetattr", 1);
  measure("winsize", 2);
  return 0;
}
