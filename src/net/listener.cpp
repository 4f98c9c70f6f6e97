#include "net/listener.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/address.hpp"
#include "net/socket.hpp"

namespace farpty::net {

namespace {

// Room for a burst while the loop starts programs; the kernel caps it at net.core.somaxconn.
constexpr int kBacklog = 4096;

// A socket file that refuses connections was left by a server that died; it may go.
Result<> remove_stale_socket(const Address& address, const Url& url) {
  struct stat status{};
  if (lstat(url.path.c_str(), &status) != 0) return {};
  if (!S_ISSOCK(status.st_mode))
    return failure("cannot listen on", url.text(), "a file that is not a socket is there", "choose another path");
  FARPTY_ASSIGN(probe, make_socket(AF_UNIX));
  if (connect(probe.get(), address.get(), address.length) == 0 || errno == EAGAIN)
    return failure("cannot listen on", url.text(), "another server listens there", "choose another path");
  if (errno == ECONNREFUSED && unlink(url.path.c_str()) != 0) return os_error("cannot replace", url.path);
  return {};
}

std::string listen_hint(const Url& url, int code) {
  const std::string scheme(scheme_of(url.protocol));
  if (code == EADDRINUSE) return "try --listen " + scheme + "://127.0.0.1:0, which lets the kernel choose a port";
  if (code == EACCES && url.port != 0 && url.port < 1024) return "ports below 1024 are for root; try a higher one";
  if (code == EADDRNOTAVAIL) return "no interface of this machine has that address";
  return {};
}

std::unexpected<Error> cannot_listen(const Url& url, int code = errno) {
  auto error = os_error("cannot listen on", url.text(), code);
  error.error().hint = listen_hint(url, code);
  return error;
}

}  // namespace

Listener::Listener(OwnedFd socket, Url url, bool local)
    : socket_(std::move(socket)), url_(std::move(url)), local_(local) {}

Listener& Listener::operator=(Listener&& other) noexcept {
  if (this != &other) {
    remove_file();
    socket_ = std::move(other.socket_);
    url_ = std::move(other.url_);
    local_ = other.local_;
    remove_path_ = other.remove_path_;
    device_ = other.device_;
    inode_ = other.inode_;
  }
  return *this;
}

Listener::~Listener() { remove_file(); }

void Listener::remove_file() {
  struct stat status{};
  if (socket_ && remove_path_ && lstat(url_.path.c_str(), &status) == 0 && status.st_dev == device_ &&
      status.st_ino == inode_)
    unlink(url_.path.c_str());
}

Result<Listener> Listener::open(const Url& url) {
  FARPTY_ASSIGN(addresses, resolve(url, Purpose::kListen));
  const Address& address = addresses.front();
  if (url.unix_socket) FARPTY_TRY(remove_stale_socket(address, url));
  FARPTY_ASSIGN(socket, make_socket(address.family()));
  const int on = 1;
  if (!url.unix_socket) {
    setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (address.family() == AF_INET6) setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  }
  // The mode of a socket file is what the umask leaves at bind(2): it must never exist wider than 0600.
  const mode_t old_mask = url.unix_socket ? umask(0177) : 0;
  const int bound = bind(socket.get(), address.get(), address.length);
  const int bind_code = errno;
  if (url.unix_socket) umask(old_mask);
  if (bound != 0) return cannot_listen(url, bind_code);
  if (listen(socket.get(), kBacklog) != 0) return cannot_listen(url);

  const Address local = local_address(socket.get());
  Listener listener(std::move(socket), url, local.is_loopback());
  if (url.unix_socket) {
    struct stat status{};
    if (lstat(url.path.c_str(), &status) == 0) {
      listener.remove_path_ = true;
      listener.device_ = status.st_dev;
      listener.inode_ = status.st_ino;
    }
  } else {
    listener.url_.host = local.host();
    listener.url_.port = local.port();
    listener.url_.has_port = true;
  }
  return listener;
}

Result<Listener> Listener::adopt(OwnedFd socket, Protocol protocol) {
  const Address local = local_address(socket.get());
  const std::string name = "inherited descriptor " + std::to_string(socket.get());
  if (local.length == 0) return os_error("cannot listen on", name);
  int listening = 0;
  socklen_t length = sizeof listening;
  if (getsockopt(socket.get(), SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) != 0 || listening == 0)
    return failure("cannot listen on", name, "it is not a listening stream socket");
  FARPTY_TRY(make_private_and_nonblocking(socket.get()));
  Url url{.protocol = protocol};
  if (local.family() == AF_UNIX) {
    url.unix_socket = true;
    url.path = "(inherited)";
  } else {
    url.host = local.host();
    url.port = local.port();
    url.has_port = true;
  }
  return Listener(std::move(socket), std::move(url), local.is_loopback());
}

Result<OwnedFd> Listener::accept() const {
  FARPTY_ASSIGN(socket, accept_socket(socket_.get()));
  if (!url_.unix_socket) tune_terminal_connection(socket.get());
  return socket;
}

}  // namespace farpty::net
