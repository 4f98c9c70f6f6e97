/* What a program asks of its terminal: is it one, how large, one key without Enter, a password without echo, lines.
 *
 * Linked statically to musl, with libfarpty.a in front of it, it has a terminal on hosts where the kernel gives none:
 * farpty run -- ./ask. Elsewhere it is the program that it would be without. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static volatile sig_atomic_t resized;

static void note_resize(int signal) {
  (void)signal;
  resized = 1;
}

static void tell_size(void) {
  struct winsize size;
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) printf("window: %d columns, %d rows\n", size.ws_col, size.ws_row);
}

/* One key, as it is pressed. -1: no more will come. */
static int key(const char* prompt) {
  struct termios before, raw;
  unsigned char pressed;
  long count;
  if (tcgetattr(STDIN_FILENO, &before) != 0) return -1;
  raw = before;
  raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
  printf("%s", prompt);
  fflush(stdout);
  do {
    count = read(STDIN_FILENO, &pressed, 1);
    if (count < 0 && resized) tell_size();
    resized = 0;
  } while (count < 0);
  tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
  putchar('\n');
  return count == 1 ? pressed : -1;
}

int main(void) {
  char line[256];
  struct sigaction action = {.sa_handler = note_resize};
  char* password;
  sigaction(SIGWINCH, &action, NULL);
  if (!isatty(STDIN_FILENO)) {
    fputs("ask: standard input is no terminal\n", stderr);
    return 2;
  }
  printf("terminal: %s\n", ttyname(STDIN_FILENO) != NULL ? "it has a name" : "it has no name");
  tell_size();
  printf("the key was %d\n", key("press a key: "));
  password = getpass("password: ");
  printf("%zu characters\n", password != NULL ? strlen(password) : 0);
  while (printf("line: "), fflush(stdout), fgets(line, sizeof line, stdin) != NULL) {
    line[strcspn(line, "\n")] = 0;
    printf("read '%s'\n", line);
  }
  puts("end of file");
  return 0;
}
