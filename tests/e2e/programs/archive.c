/* Statically linked to libfarpty.a. `archive stdio`: a terminal by stdio alone. `archive execute PROGRAM...`: becomes another
 * program, with an empty environment. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int count, char** arguments) {
  char line[100], *nothing[] = {NULL};
  FILE* tty;
  if (count > 2 && strcmp(arguments[1], "execute") == 0) {
    execve(arguments[2], arguments + 2, nothing);
    perror(arguments[2]);
    return 1;
  }
  printf("ready\none, ");
  while (fgets(line, sizeof line, stdin) != NULL) printf("read %s", line);
  tty = fopen("/dev/tty", "r+");
  if (tty == NULL) {
    perror("/dev/tty");
    return 1;
  }
  fprintf(tty, "end of file: %d\n", feof(stdin) != 0);
  if (freopen("/dev/tty", "r", stdin) == NULL) return 1;
  if (fgets(line, sizeof line, stdin) != NULL) fprintf(tty, "and then %s", line);
  return 0;
}
