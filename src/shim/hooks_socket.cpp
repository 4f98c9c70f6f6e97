// A terminal is no socket. Programs ask: bash takes a socket on its standard input for a remote shell and reads ~/.bashrc.
#include "shim/libc.hpp"
#include "shim/terminal.hpp"

namespace {

using namespace farpty::shim;

constexpr long kNotSocket = -88;

bool is_terminal(int fd) {
  Terminal terminal;
  return terminal.find(fd);
}

}  // namespace

FARPTY_HOOK int getpeername(int fd, void* to, void* size) {
  return finish(is_terminal(fd) ? kNotSocket : call(__NR_getpeername, fd, address(to), address(size)));
}
FARPTY_HOOK int getsockname(int fd, void* to, void* size) {
  return finish(is_terminal(fd) ? kNotSocket : call(__NR_getsockname, fd, address(to), address(size)));
}
FARPTY_HOOK int getsockopt(int fd, int level, int option, void* to, void* size) {
  return finish(is_terminal(fd) ? kNotSocket : call(__NR_getsockopt, fd, level, option, address(to), address(size)));
}
FARPTY_HOOK int setsockopt(int fd, int level, int option, const void* from, unsigned size) {
  return finish(is_terminal(fd) ? kNotSocket
                                : call(__NR_setsockopt, fd, level, option, address(from), static_cast<long>(size)));
}
FARPTY_HOOK int shutdown(int fd, int how) {
  return finish(is_terminal(fd) ? kNotSocket : call(__NR_shutdown, fd, how));
}
