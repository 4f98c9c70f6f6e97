/* farpty-sh: the applets of busybox as commands of bash, in the same file, without execve(2).
 *
 * busybox is one relocatable object of which only lbb_main (its main) and find_applet_by_name are visible (build). bash itself
 * never calls into it: each applet begins in a child that bash has forked, or in place of the shell (exec), with busybox's
 * variables as the linker left them. What execve(2) would have done is done here: handlers become defaults, descriptors
 * that are to be closed are closed, and what bash has buffered is forgotten.
 *
 * Applets that start others (find -exec, xargs, env, nohup) execute /proc/self/exe by the applet's name; start_as_applet is where that
 * arrives. */
#include "applets.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

int find_applet_by_name(const char* name);
int lbb_main(int count, char** arguments);

static const char folder[] = "//farpty-sh/";
static const char* const shells[] = {"sh", "bash", "farpty-sh"};

static int is_shell(const char* name) {
  for (size_t i = 0; i < sizeof shells / sizeof *shells; ++i)
    if (strcmp(name, shells[i]) == 0) return 1;
  return 0;
}

static int is_busybox(const char* name) { return strcmp(name, "busybox") == 0; }

int applet_exists(const char* name) { return is_shell(name) || is_busybox(name) || find_applet_by_name(name) >= 0; }

char* applet_path(const char* name) {
  char* path;
  if (*name == 0 || strchr(name, '/') != NULL || !applet_exists(name)) return NULL;
  path = malloc(sizeof folder + strlen(name));
  if (path != NULL) strcat(strcpy(path, folder), name);
  return path;
}

int applets_come_first(void) {
  const char* order = getenv("FARPTY_APPLETS");
  return order != NULL && strcmp(order, "first") == 0;
}

static void forget_the_shell(void) {
  struct sigaction action;
  long last = sysconf(_SC_OPEN_MAX);
  if (last < 0 || last > 1024) last = 1024;
  for (int number = 1; number < _NSIG; ++number) {
    if (sigaction(number, NULL, &action) != 0 || action.sa_handler == SIG_DFL || action.sa_handler == SIG_IGN) continue;
    memset(&action, 0, sizeof action);
    action.sa_handler = SIG_DFL;
    sigaction(number, &action, NULL);
  }
  for (int fd = 0; fd < last; ++fd) {
    const int flags = fcntl(fd, F_GETFD);
    if (flags >= 0 && (flags & FD_CLOEXEC) != 0) close(fd);
  }
  __fpurge(stdout);
  clearerr(stdin);
}

static int length_of(char** arguments) {
  int count = 0;
  while (arguments[count] != NULL) ++count;
  return count;
}

static void run(const char* name, char** arguments) {
  prctl(PR_SET_NAME, name);
  arguments[0] = (char*)name;
  exit(lbb_main(length_of(arguments), arguments));
}

void become_applet(const char* path, char** arguments, char** environment) {
  const char* name = path + sizeof folder - 1;
  if (strncmp(path, folder, sizeof folder - 1) != 0 || !applet_exists(name)) return;
  if (is_shell(name)) {
    execve("/proc/self/exe", arguments, environment);
    fprintf(stderr, "farpty-sh: %s: %s: a new shell needs /proc\n", name, strerror(errno));
    exit(126);
  }
  forget_the_shell();
  environ = environment;
  run(name, arguments);
}

void start_as_applet(int* count, char*** arguments) {
  const char *name = (*arguments)[0], *slash = name != NULL ? strrchr(name, '/') : NULL;
  if (name == NULL) return;
  if (slash != NULL) name = slash + 1;
  /* By its own name the first argument may say which. */
  if (strncmp(name, "farpty-sh", 9) == 0 && *count > 1 && strchr((*arguments)[1], '/') == NULL &&
      applet_exists((*arguments)[1])) {
    name = (*arguments)[1];
    ++*arguments;
    --*count;
  }
  if (!is_shell(name) && *name != '-' && applet_exists(name)) run(name, *arguments);
}
