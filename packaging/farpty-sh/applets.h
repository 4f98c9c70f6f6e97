/* The applets of busybox inside bash. See applets.c. */
#ifndef FARPTY_SH_APPLETS_H
#define FARPTY_SH_APPLETS_H

/* Whether there is an applet of this name; the shell's own names (sh, bash, farpty-sh) are among them. */
int applet_exists(const char* name);

/* "//farpty-sh/NAME", from malloc, where there is such an applet; else null. */
char* applet_path(const char* name);

/* FARPTY_APPLETS=first: applets come before what PATH finds. */
int applets_come_first(void);

/* In place of execve(2): where `path` is an applet's, becomes it and does not return. Otherwise returns at once. */
void become_applet(const char* path, char** arguments, char** environment);

/* At the start of main: does not return where the program was called as an applet. What is left are the shell's own arguments. */
void start_as_applet(int* count, char*** arguments);

#endif
