// noptyrun: runs a command as on a host without pseudoterminals, so that the emulated terminal can be tested anywhere.
//
// Layers, each skipped with a message where the host refuses it: `mount` (a private mount namespace whose /dev holds
// five plain devices), `landlock` (everything but /dev/{ptmx,pts,tty*,console} may be opened; mount(2) is refused),
// `seccomp` (no mount, no namespaces; no pty ioctls where a pty could still be opened). Two ways to be without: the
// name is absent (ENOENT, the default) or refused (EACCES, EPERM). Invariant: the command runs only after a probe saw
// that no pty can be had, nor a private devpts. Seccomp's errno would win over a listener below it, hence the ioctls
// are its last resort. Not a sandbox: it takes terminals away from programs that ask for them, not from programs that
// attack it.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kOwnFailure = 125, kCannotRun = 126, kNotFound = 127, kCannotHere = 77 };  // as env(1); 77 is a skip
enum { kMount = 1, kLandlock = 2, kSeccomp = 4 };

static const char* const kDevices[] = {"null", "zero", "full", "random", "urandom"};
enum { kDeviceCount = sizeof kDevices / sizeof *kDevices };

static int verbose;

__attribute__((noreturn, format(printf, 2, 3))) static void die(int status, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("noptyrun: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  exit(status);
}

// Tells what came of a layer and passes the verdict on: 0 is in force, -1 (with errno) skipped.
static int report(const char* layer, const char* step, int result) {
  if (result < 0) {
    fprintf(stderr, "noptyrun: layer %s skipped: %s: %s\n", layer, step, strerror(errno));
  } else if (verbose) {
    fprintf(stderr, "noptyrun: layer %s in force\n", layer);
  }
  return result;
}

static int write_file(const char* path, const char* text) {
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  const ssize_t count = write(fd, text, strlen(text));
  close(fd);
  return count < 0 ? -1 : 0;
}

// -- layer mount

static int own_mount_namespace(void) {
  if (unshare(CLONE_NEWNS) == 0) return 0;
  char uid_map[64], gid_map[64];
  snprintf(uid_map, sizeof uid_map, "%d %d 1", (int)geteuid(), (int)geteuid());
  snprintf(gid_map, sizeof gid_map, "%d %d 1", (int)getegid(), (int)getegid());
  if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0) return -1;
  if (write_file("/proc/self/setgroups", "deny") < 0 && errno != ENOENT) return -1;
  if (write_file("/proc/self/uid_map", uid_map) < 0) return -1;
  return write_file("/proc/self/gid_map", gid_map);
}

static int layer_mount(void) {
  if (own_mount_namespace() < 0) return report("mount", "unshare", -1);
  if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) return report("mount", "private /", -1);
  int nodes[kDeviceCount];  // reached through /proc/self/fd once the tmpfs hides their names
  for (int i = 0; i < kDeviceCount; ++i) {
    char path[32];
    snprintf(path, sizeof path, "/dev/%s", kDevices[i]);
    nodes[i] = open(path, O_PATH | O_CLOEXEC);
  }
  if (mount("dev", "/dev", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=755,size=64k") < 0)
    return report("mount", "tmpfs on /dev", -1);
  for (int i = 0; i < kDeviceCount; ++i) {
    char from[64], to[32];
    snprintf(from, sizeof from, "/proc/self/fd/%d", nodes[i]);
    snprintf(to, sizeof to, "/dev/%s", kDevices[i]);
    const int place = open(to, O_CREAT | O_WRONLY | O_CLOEXEC, 0666);
    if (place < 0 || mount(from, to, NULL, MS_BIND, NULL) < 0)
      die(kOwnFailure, "cannot put %s into /dev: %s", to, strerror(errno));
    close(place);
    close(nodes[i]);
  }
  // Where the current directory was below the old /dev, names would still reach it.
  char* here = getcwd(NULL, 0);
  if (here == NULL || chdir(here) < 0) (void)!chdir("/");
  free(here);
  return report("mount", "", 0);
}

// -- layer landlock

static int is_terminal_name(const char* name) {
  return strcmp(name, "ptmx") == 0 || strcmp(name, "pts") == 0 || strcmp(name, "console") == 0 ||
         strncmp(name, "tty", 3) == 0;
}

// Allows whatever lies beneath each entry of `folder`, but for the names of terminals in /dev (and /dev itself).
static void allow_entries(int ruleset, const char* folder, __u64 access) {
  DIR* entries = opendir(folder);
  if (entries == NULL) return;
  const int in_dev = strcmp(folder, "/dev") == 0;
  for (struct dirent* entry; (entry = readdir(entries)) != NULL;) {
    const char* name = entry->d_name;
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) continue;
    if (in_dev ? is_terminal_name(name) : strcmp(name, "dev") == 0) continue;
    struct landlock_path_beneath_attr rule = {.allowed_access = access};
    rule.parent_fd = openat(dirfd(entries), name, O_PATH | O_CLOEXEC);
    if (rule.parent_fd < 0) continue;
    struct stat status;
    const __u64 of_files = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE;
    if (fstat(rule.parent_fd, &status) == 0 && !S_ISDIR(status.st_mode)) rule.allowed_access &= of_files;
    (void)syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    close(rule.parent_fd);
  }
  closedir(entries);
}

// Without CAP_SYS_ADMIN a restriction costs no_new_privs; with it setuid programs keep working.
static int restrict_self(long (*restriction)(const void*), const void* argument) {
  if (restriction(argument) == 0) return 0;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return -1;
  return restriction(argument) == 0 ? 0 : -1;
}

static long landlock_self(const void* ruleset) { return syscall(SYS_landlock_restrict_self, *(const int*)ruleset, 0); }

static int layer_landlock(void) {
  const long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 0) return report("landlock", "landlock_create_ruleset", -1);
  __u64 access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE;
  if (version >= 2) access |= LANDLOCK_ACCESS_FS_REFER;  // denied to every domain that does not name it
  const struct landlock_ruleset_attr attributes = {.handled_access_fs = access};
  const int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);
  if (ruleset < 0) return report("landlock", "landlock_create_ruleset", -1);
  allow_entries(ruleset, "/", access);
  allow_entries(ruleset, "/dev", access);
  const int result = restrict_self(landlock_self, &ruleset);
  close(ruleset);
  return report("landlock", "landlock_restrict_self", result);
}

// -- layer seccomp

#if defined(__x86_64__)
enum { kArch = AUDIT_ARCH_X86_64 };
#elif defined(__aarch64__)
enum { kArch = (int)AUDIT_ARCH_AARCH64 };
#else
#error "noptyrun knows x86_64 and aarch64"
#endif

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define REFUSE(code) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (code))
#define REFUSE_IF(value, code) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, 1), REFUSE(code)
#define UNLESS_EQUAL_SKIP(value, count) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (count))

static long seccomp_self(const void* program) { return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, program); }

static int install(struct sock_filter* filter, size_t count) {
  const struct sock_fprog program = {.len = (unsigned short)count, .filter = filter};
  return restrict_self(seccomp_self, &program);
}

static int layer_seccomp(int refuse_ioctls) {
  struct sock_filter namespaces[] = {
      LOAD(arch),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)kArch, 1, 0),
      ALLOW,
      LOAD(nr),
      REFUSE_IF(SYS_mount, EPERM),
      REFUSE_IF(SYS_fsopen, EPERM),
      REFUSE_IF(SYS_unshare, EPERM),
      REFUSE_IF(SYS_clone3, ENOSYS),  // its flags lie in memory, where a filter cannot look; libc falls back to clone
      UNLESS_EQUAL_SKIP(SYS_clone, 3),
      LOAD(args[0]),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_NEWUSER, 0, 1),
      REFUSE(EPERM),
      ALLOW,
  };
  struct sock_filter ioctls[] = {
      LOAD(arch),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)kArch, 1, 0),
      ALLOW,
      LOAD(nr),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 1, 0),
      ALLOW,
      LOAD(args[1]),
      REFUSE_IF(TIOCGPTN, EPERM),
      REFUSE_IF(TIOCSPTLCK, EPERM),
      REFUSE_IF(TIOCGPTPEER, EPERM),
      REFUSE_IF(TIOCSCTTY, EPERM),
      ALLOW,
  };
  if (install(namespaces, sizeof namespaces / sizeof *namespaces) < 0) return report("seccomp", "seccomp", -1);
  if (refuse_ioctls && install(ioctls, sizeof ioctls / sizeof *ioctls) < 0) return report("seccomp", "seccomp", -1);
  return report(refuse_ioctls ? "seccomp (with pty ioctls)" : "seccomp", "", 0);
}

// -- the probes

// 0 where a pty could be had; else the errno that says why not.
static int probe_pty(void) {
  const int fd = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (fd < 0) return errno;
  int number = 0, unlocked = 0;
  const int failed = ioctl(fd, TIOCSPTLCK, &unlocked) < 0 || ioctl(fd, TIOCGPTN, &number) < 0 ? errno : 0;
  close(fd);
  return failed;
}

// Whether a private devpts can be mounted (the second rung of farpty's ladder). In a child: a success must not stay.
static int private_devpts_works(void) {
  const pid_t child = fork();
  if (child == 0) {
    const int apart = own_mount_namespace() == 0 || unshare(CLONE_NEWNS) == 0;
    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
    _exit(apart && mount("devpts", "/dev", "devpts", 0, "newinstance,ptmxmode=0666") == 0);
  }
  int status = 0;
  return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 1;
}

static int parse_layers(const char* text) {
  int layers = 0;
  char copy[64];
  snprintf(copy, sizeof copy, "%s", text);
  for (char* word = strtok(copy, ","); word != NULL; word = strtok(NULL, ",")) {
    if (strcmp(word, "mount") == 0)
      layers |= kMount;
    else if (strcmp(word, "landlock") == 0)
      layers |= kLandlock;
    else if (strcmp(word, "seccomp") == 0)
      layers |= kSeccomp;
    else
      die(kOwnFailure, "unknown layer %s (mount, landlock, seccomp)", word);
  }
  return layers;
}

static const char kUsage[] =
    "usage: noptyrun [-r] [-s] [-l LAYERS] [-v] COMMAND [ARGUMENT]...\n"
    "  -r  the names of terminals are there but refused (EACCES, EPERM); without it they are absent (ENOENT)\n"
    "  -s  the seccomp layer only, where the host is a sandbox that has no other (gVisor)\n"
    "  -l  these layers only, of mount,landlock,seccomp; a private devpts may then still be possible\n"
    "  -v  tell of each layer\n"
    "status: the command's; 77 this host cannot do it; 125 own failure; 126, 127 as env(1)\n";

int main(int count, char** arguments) {
  int refused = 0, layers = 0;
  for (int option; (option = getopt(count, arguments, "+rsl:vh")) != -1;) {
    switch (option) {
      case 'r': refused = 1; break;
      case 's':
        layers = kSeccomp;
        refused = 1;
        break;
      case 'l': layers = parse_layers(optarg); break;
      case 'v': verbose = 1; break;
      case 'h': fputs(kUsage, stdout); return 0;
      default: fputs(kUsage, stderr); return kOwnFailure;
    }
  }
  if (optind == count) {
    fputs(kUsage, stderr);
    return kOwnFailure;
  }
  const int chosen = layers != 0;
  if (!chosen) layers = refused ? kLandlock | kSeccomp : kMount | kLandlock | kSeccomp;

  if (layers & kMount) layer_mount();
  if (layers & kLandlock) layer_landlock();
  if (layers & kSeccomp) layer_seccomp(probe_pty() == 0);

  const int why = probe_pty();
  if (why == 0) die(kCannotHere, "a pty can still be opened: this host refused the layers above");
  if (!refused && why != ENOENT) die(kCannotHere, "/dev/ptmx is not absent but refused (%s): try -r", strerror(why));
  if (refused && why == ENOENT && !chosen) die(kCannotHere, "/dev/ptmx is absent on this host: it cannot be refused");
  if (!chosen && private_devpts_works()) die(kCannotHere, "a private devpts can still be mounted");
  if (verbose) fprintf(stderr, "noptyrun: no pty: %s\n", strerror(why));
  execvp(arguments[optind], arguments + optind);
  die(errno == ENOENT ? kNotFound : kCannotRun, "cannot run %s: %s", arguments[optind], strerror(errno));
}
