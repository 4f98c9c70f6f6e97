// The unix socket by which a running server is asked, in the runtime directory of its user (base/own_directory.hpp):
// DIRECTORY/serve-PID.sock, one for each server. What is said over it is not for here (control/messages.hpp).
//
// Invariants: both ends have seen, by the kernel's word (SO_PEERCRED, unix(7)), that the other one is the same user; a socket
// that stands there accepts connections from the moment that it can be seen, so one that refuses them was left by a server
// that is no more, and may go.
#pragma once

#include <sys/types.h>

#include <vector>

#include "base/own_directory.hpp"
#include "base/owned_fd.hpp"
#include "base/result.hpp"
#include "net/address.hpp"

namespace farpty::net {

class RuntimeSocket {
 public:
  // Listens as the server `pid`.
  static Result<RuntimeSocket> open(OwnDirectory directory, pid_t pid);

  RuntimeSocket(RuntimeSocket&&) noexcept = default;
  RuntimeSocket& operator=(RuntimeSocket&&) = delete;
  ~RuntimeSocket();  // removes the socket

  // The next connection, of this user; EAGAIN where there is none now, EPERM where it was another's, which is closed.
  [[nodiscard]] Result<OwnedFd> accept() const;
  [[nodiscard]] int fd() const { return socket_.get(); }

 private:
  RuntimeSocket(OwnDirectory directory, std::string name, OwnedFd socket)
      : directory_(std::move(directory)), name_(std::move(name)), socket_(std::move(socket)) {}

  OwnDirectory directory_;
  std::string name_;
  OwnedFd socket_;
};

// The servers whose sockets stand in the directory, in order. Some of them may be no more: see connect_to_server().
[[nodiscard]] std::vector<pid_t> servers_in(const OwnDirectory& directory);

// Where the server `pid` is asked. Good as long as `directory` is.
Result<Address> address_of_server(const OwnDirectory& directory, pid_t pid);

// A non-blocking connection to the server `pid`. ENOENT, ECONNREFUSED: it is no more; its socket is removed then.
Result<OwnedFd> connect_to_server(const OwnDirectory& directory, pid_t pid);

}  // namespace farpty::net
