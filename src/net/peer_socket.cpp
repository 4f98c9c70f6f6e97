#include "net/peer_socket.hpp"

#include <sys/socket.h>

namespace farpty::net {

void abort_on_close(int socket) {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

}  // namespace farpty::net
