// The smallest inetd: listens on a port of 127.0.0.1 that the kernel chooses, prints it, and starts the given command
// for each connection with the socket as its stdin, stdout and stderr. For the peers of the benchmarks that expect an
// inetd, so that the inetd's own ways cost them nothing.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t size = sizeof address;
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener, 4096) != 0 ||
      getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    std::perror("inetd");
    return 1;
  }
  std::printf("%d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  std::signal(SIGCHLD, SIG_IGN);  // no zombies, wait(2)
  for (;;) {
    const int connection = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) continue;
    if (const pid_t pid = vfork(); pid == 0) {
      for (int fd = 0; fd < 3; ++fd) dup2(connection, fd);
      execv(argv[1], argv + 1);
      _exit(127);
    }
    close(connection);
  }
}
