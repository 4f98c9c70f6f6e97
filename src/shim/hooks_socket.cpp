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

struct Message {
  void* name;
  int name_size;
  void* parts;
  std::size_t part_count;
  const std::uint8_t* control;
  std::size_t control_size;
  int flags;
};

struct Header {
  std::size_t size;
  int level, type;
};

// Descriptors that came (cmsg(3)).
void note_received(const Message& message) {
  constexpr int kSocketLevel = 1, kRights = 1;  // SOL_SOCKET, SCM_RIGHTS
  for (std::size_t at = 0; message.control != nullptr && at + sizeof(Header) <= message.control_size;) {
    Header header;
    __builtin_memcpy(&header, message.control + at, sizeof header);
    if (header.size < sizeof header || header.size > message.control_size - at) return;
    for (std::size_t i = sizeof header; header.level == kSocketLevel && header.type == kRights && i + 4 <= header.size;
         i += 4) {
      int fd;
      __builtin_memcpy(&fd, message.control + at + i, sizeof fd);
      note_new(fd);
    }
    at += (header.size + 7) & ~std::size_t{7};
  }
}

}  // namespace

// A terminal may come along. By libc's own function, which knows its own struct msghdr (musl's has holes).
FARPTY_HOOK long recvmsg(int fd, void* message, int flags) {
  using Function = long (*)(int, void*, int);
  static Function next;
  if (next == nullptr) next = reinterpret_cast<Function>(find_next("recvmsg"));
  if (next == nullptr) return finish<long>(kNotSocket);
  const long size = next(fd, message, flags);
  if (size >= 0) note_received(*static_cast<const Message*>(message));
  return size;
}

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
