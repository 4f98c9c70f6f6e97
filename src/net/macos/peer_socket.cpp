// Only a server of insecure doors asks for TCP's owners, and there is none here.
#include "net/peer_socket.hpp"

#include <unistd.h>

namespace farpty::net {

Result<uid_t> peer_uid(int socket) {
  uid_t uid = 0;
  gid_t gid = 0;
  if (getpeereid(socket, &uid, &gid) != 0) return os_error("cannot tell who connects to", "the socket");
  return uid;
}
Result<uid_t> peer_uid_from_proc(int) { return failure("cannot tell who connects:", "", "this system has no /proc"); }
std::optional<bool> peer_is_held(int) { return std::nullopt; }
std::optional<bool> peer_has_read_all(int) { return std::nullopt; }

}  // namespace farpty::net
