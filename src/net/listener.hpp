// Listener: a bound, listening stream socket (TCP or unix) and who stands at the other end of an accepted one.
//
// It does not decide who may come in; door/ does, with what peer_of() tells.
// Invariant: every descriptor is non-blocking and close-on-exec.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/owned_fd.hpp"
#include "base/result.hpp"
#include "net/url.hpp"

namespace farpty::net {

class Listener {
 public:
  // Binds and listens. Unix sockets get mode 0600; a socket file that nobody listens on any more is replaced, any other
  // file is left alone and is an error.
  static Result<Listener> open(const Url& url);

  // Takes over a listening socket that a service manager made (sd_listen_fds(3)).
  static Result<Listener> adopt(OwnedFd socket, Protocol protocol);

  Listener(Listener&&) noexcept = default;
  Listener& operator=(Listener&& other) noexcept;
  ~Listener();  // removes the unix socket's file if it is still ours

  // The next connection; EAGAIN when there is none now.
  Result<OwnedFd> accept() const;

  [[nodiscard]] int fd() const { return socket_.get(); }
  [[nodiscard]] const Url& url() const { return url_; }   // with the port that the kernel chose
  [[nodiscard]] bool is_local() const { return local_; }  // loopback address or unix socket

 private:
  Listener(OwnedFd socket, Url url, bool local);
  void remove_file();

  OwnedFd socket_;
  Url url_;
  bool local_ = false;
  bool remove_path_ = false;
  dev_t device_ = 0;  // identity of the socket file that we made
  ino_t inode_ = 0;
};

}  // namespace farpty::net
