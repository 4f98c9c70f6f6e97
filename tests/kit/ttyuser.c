// ttyuser: a program that uses its terminal in ways that a shell does not: threads, cancellation, vfork, posix_spawn, stdio
// as libc sets it up, calls that signals interrupt, output that is stopped. What it prints is compared with what it prints on a kernel pty.
//
// Never instrumented: it stands for the programs of a distribution. Linked dynamically, and once more statically.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

extern char** environ;

// Whole lines come out as they are written, parts of lines when input is asked for.
static int stdio(void) {
  char line[100];
  printf("a line\n");
  printf("a question? ");
  if (fgets(line, sizeof line, stdin) == NULL) return 1;
  printf("answer %s", line);
  printf("half");
  getchar();
  printf(" line\n");
  fprintf(stderr, "stderr ");
  FILE* tty = fopen("/dev/tty", "r+");
  if (tty == NULL) return 1;
  fprintf(tty, "by name? ");
  if (fgets(line, sizeof line, tty) == NULL) return 1;
  fprintf(tty, "answer %s", line);
  fclose(tty);
  FILE* again = freopen("/dev/stdout", "w", stdout);
  printf("opened again %d\n", again != NULL);
  return 0;
}

static int to_main[2];

static void* reader(void* unused) {
  (void)unused;
  char line[100];
  for (;;) {
    const ssize_t size = read(0, line, sizeof line);
    if (size <= 0 || write(to_main[1], line, (size_t)size) != size) return NULL;
  }
}

// One thread waits in read(2) while another prints and changes settings; then it is cancelled there.
static int threads(void) {
  pthread_t thread;
  char line[100];
  if (pipe(to_main) != 0 || pthread_create(&thread, NULL, reader, NULL) != 0) return 1;
  for (int i = 0; i < 2; ++i) {
    dprintf(1, "line %d? ", i);
    const ssize_t size = read(to_main[0], line, sizeof line);
    dprintf(1, "thread read %.*s", (int)size, line);
    struct termios settings;
    tcgetattr(0, &settings);
    settings.c_lflag ^= ECHO;
    tcsetattr(0, TCSADRAIN, &settings);
  }
  pthread_cancel(thread);
  void* result = NULL;
  pthread_join(thread, &result);
  dprintf(1, "cancelled %d\n", result == PTHREAD_CANCELED);
  return 0;
}

static int spawned(char* const* arguments) {
  pid_t child;
  int status = 0;
  if (posix_spawnp(&child, arguments[0], NULL, NULL, arguments, environ) != 0) return 1;
  waitpid(child, &status, 0);
  return status;
}

static int children(void) {
  char* const size[] = {"stty", "size", NULL};
  char* const tty[] = {"test", "-t", "0", NULL};
  dprintf(1, "posix_spawn %d\n", spawned(size) | spawned(tty));
  const pid_t child = vfork();
  if (child == 0) {
    execlp("stty", "stty", "size", NULL);
    _exit(127);
  }
  int status = 0;
  waitpid(child, &status, 0);
  dprintf(1, "vfork %d\n", status);
  dprintf(1, "system %d\n", system("test -t 0 && test -t 1 && stty size"));
  FILE* pipe = popen("test -t 1; echo $?; test -t 0; echo $?", "r");
  for (int c; (c = fgetc(pipe)) != EOF;) dprintf(1, "%c", c);
  dprintf(1, "popen %d\n", pclose(pipe));
  const pid_t bare = fork();
  if (bare == 0) {
    char* const none[] = {NULL};
    char* const arguments[] = {"stty", "size", NULL};
    execve("/usr/bin/stty", arguments, none);
    _exit(127);
  }
  waitpid(bare, &status, 0);
  dprintf(1, "without an environment %d\n", status);
  return 0;
}

static volatile sig_atomic_t got;
static void note(int signal) { got = signal; }

static void handle(int signal, int flags) {
  struct sigaction action = {.sa_handler = note, .sa_flags = flags};
  sigaction(signal, &action, NULL);
}

// A read that waits is interrupted, or goes on, as the handler was installed.
static int signals(void) {
  char line[100];
  handle(SIGINT, 0);
  dprintf(1, "interrupt me ");
  ssize_t size = read(0, line, sizeof line);
  dprintf(1, "%zd %s got %d\n", size, strerror(size < 0 ? errno : 0), got == SIGINT);
  handle(SIGQUIT, SA_RESTART);
  dprintf(1, "then a line? ");
  size = read(0, line, sizeof line);
  dprintf(1, "%zd bytes, got %d\n", size, got == SIGQUIT);
  handle(SIGWINCH, 0);
  dprintf(1, "resize me ");
  struct pollfd poll_in = {.fd = 0, .events = POLLIN};
  const int ready = poll(&poll_in, 1, -1);
  struct winsize cells;
  ioctl(0, TIOCGWINSZ, &cells);
  dprintf(1, "%d got %d %dx%d\n", ready, got == SIGWINCH, cells.ws_col, cells.ws_row);
  return 0;
}

// What a program may ask of its descriptors.
static int calls(void) {
  struct stat status;
  struct termios settings;
  char name[100], bytes[10];
  int count = 0;
  fstat(0, &status);
  printf("%d %d %d %d\n", S_ISCHR(status.st_mode), isatty(0), isatty(1), ttyname_r(0, name, sizeof name));
  printf("%d %d %d\n", tcgetpgrp(0) == getpgrp(), tcgetsid(0) == getsid(0), ttyname_r(0, name, 3) == ERANGE);
  printf("seek %ld %s\n", (long)lseek(0, 0, SEEK_CUR), strerror(errno));
  printf("socket %d %s\n", shutdown(0, SHUT_RD), strerror(errno));
  printf("flags %d\n", fcntl(0, F_GETFL) & (O_ACCMODE | O_NONBLOCK));
  fcntl(0, F_SETFL, O_RDWR | O_NONBLOCK);
  printf("nonblocking %zd %s\n", read(0, bytes, sizeof bytes), strerror(errno));
  fcntl(0, F_SETFL, O_RDWR);
  tcgetattr(0, &settings);
  printf("speed %d %d\n", cfgetospeed(&settings) == B38400, cfgetispeed(&settings) == B38400);
  printf("type a line: ");
  fflush(stdout);
  struct pollfd poll_in = {.fd = 0, .events = POLLIN | POLLOUT};
  do poll(&poll_in, 1, -1);
  while ((poll_in.revents & POLLIN) == 0);
  ioctl(0, FIONREAD, &count);
  printf("waiting %d events %d\n", count, poll_in.revents);
  char two[2], rest[20];
  struct iovec parts[] = {{two, sizeof two}, {rest, sizeof rest}};
  const ssize_t size = readv(0, parts, 2);
  printf("readv %zd %.2s|%.*s", size, two, (int)size - 2, rest);
  tcflush(0, TCIFLUSH);
  settings.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
  settings.c_cc[VMIN] = 0;
  settings.c_cc[VTIME] = 1;
  tcsetattr(0, TCSAFLUSH, &settings);
  printf("timed out %zd\n", read(0, bytes, sizeof bytes));
  settings.c_cc[VMIN] = 3;
  settings.c_cc[VTIME] = 0;
  tcsetattr(0, TCSANOW, &settings);
  printf("type three: ");
  fflush(stdout);
  printf("%zd\n", read(0, bytes, sizeof bytes));
  settings.c_lflag |= ICANON | ECHO;
  tcsetattr(0, TCSADRAIN, &settings);
  const int copy = dup(0);
  close(0);
  printf("0 closed %d %s\n", isatty(0), strerror(errno));
  printf("opened again %d %d\n", open("/dev/tty", O_RDWR), isatty(0));
  printf("copy %d %d\n", isatty(copy), tcgetpgrp(copy) == getpgrp());
  return 0;
}

// Of a pair of its own: while two lines come, FIONREAD says nothing but 0, both, and, when the first is read, the second.
static int counts(void) {
  const int master = posix_openpt(O_RDWR | O_NOCTTY);
  grantpt(master);
  unlockpt(master);
  const int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
  static const char kLines[] = "first\nsecond\n";
  int rounds = 0, wrong = 0, go[2];
  if (pipe(go) != 0) return 1;
  if (fork() == 0) {
    for (char one; close(go[1]), read(go[0], &one, 1) == 1;)
      if (write(master, kLines, sizeof kLines - 1) < 0) _exit(1);
    _exit(0);
  }
  for (; rounds < 300; ++rounds) {
    char line[20], echo[100];
    int both = 0, second = 0, none = 0;
    if (write(go[1], "", 1) != 1) return 1;
    while (both == 0) ioctl(slave, FIONREAD, &both);
    const ssize_t size = read(slave, line, sizeof line);
    ioctl(slave, FIONREAD, &second);
    const ssize_t rest = read(slave, line, sizeof line);
    ioctl(slave, FIONREAD, &none);
    const int right = both == 13 && size == 6 && second == 7 && rest == 7 && none == 0;
    if (!right && wrong++ == 0) printf("%d, read %zd: %d, read %zd: %d\n", both, size, second, rest, none);
    tcdrain(slave);
    for (ssize_t got = 0; got < 15;) got += read(master, echo, sizeof echo);
  }
  close(go[1]);
  wait(NULL);
  printf("%d rounds, %d of them wrong\n", rounds, wrong);
  return 0;
}

static int poll_it(int milliseconds) {
  struct pollfd one = {.fd = 1, .events = POLLOUT};
  return poll(&one, 1, milliseconds);
}
static int select_it(int milliseconds) {
  fd_set writable;
  FD_ZERO(&writable);
  FD_SET(1, &writable);
  struct timeval now = {0, 0};
  return select(2, NULL, &writable, NULL, milliseconds == 0 ? &now : NULL);
}
static int epoll_it(int milliseconds) {
  static int events = -1;
  struct epoll_event event = {.events = EPOLLOUT};
  if (events < 0) {
    events = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_ctl(events, EPOLL_CTL_ADD, 1, &event) != 0) return -1;
  }
  return epoll_wait(events, &event, 1, milliseconds);
}

// Whether the output can be written, by each way to ask; while it is stopped, and when a child lets it go on, before or after its
// parent waits. Told on stderr, which is no terminal.
static int stopped(void) {
  static int (*const kWays[])(int) = {poll_it, select_it, epoll_it};
  for (int i = 0; i < 3; ++i) {
    fprintf(stderr, "runs %d\n", kWays[i](0));
    tcflow(1, TCOOFF);
    fprintf(stderr, "stopped %d\n", kWays[i](0));
    fcntl(1, F_SETFL, O_RDWR | O_NONBLOCK);
    const ssize_t size = write(1, "x", 1);
    fprintf(stderr, "write %zd %s\n", size, strerror(errno));
    const pid_t child = fork();
    if (child == 0) {
      tcflow(1, TCOON);
      _exit(0);
    }
    fprintf(stderr, "started %d\n", kWays[i](-1));
    fprintf(stderr, "write %zd\n", write(1, "x", 1));
    waitpid(child, NULL, 0);
  }
  return 0;
}

int main(int argc, char** argv) {
  const char* what = argc > 1 ? argv[1] : "";
  static const struct {
    const char* name;
    int (*run)(void);
  } kWays[] = {{"stdio", stdio}, {"threads", threads}, {"children", children}, {"signals", signals},
               {"calls", calls}, {"counts", counts},   {"stopped", stopped}};
  for (size_t i = 0; i < sizeof kWays / sizeof *kWays; ++i)
    if (strcmp(what, kWays[i].name) == 0) return kWays[i].run();
  fprintf(stderr, "usage: ttyuser stdio|threads|children|signals|calls|counts|stopped\n");
  return 2;
}
