#include "net/runtime_socket.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string_view>

#include "net/peer_socket.hpp"
#include "net/socket.hpp"

namespace farpty::net {

namespace {

constexpr std::string_view kPrefix = "serve-";
constexpr std::string_view kSuffix = ".sock";
constexpr int kBacklog = 128;

std::string name_of(pid_t pid) { return std::string(kPrefix) + std::to_string(pid) + std::string(kSuffix); }

// 0 where it is not the name of a server's socket.
pid_t pid_of(std::string_view name) {
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix) || name.size() <= kPrefix.size() + kSuffix.size())
    return 0;
  name.remove_prefix(kPrefix.size());
  name.remove_suffix(kSuffix.size());
  pid_t pid = 0;
  const auto [end, code] = std::from_chars(name.data(), name.data() + name.size(), pid);
  return code == std::errc{} && end == name.data() + name.size() && pid > 0 ? pid : 0;
}

Result<sockaddr_un> address_of(const OwnDirectory& directory, const std::string& name) {
  const std::string path = directory.path_of(name);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    return failure("cannot use", directory.path + "/" + name, "the path is too long for a unix socket");
  path.copy(static_cast<char*>(address.sun_path), path.size());
  return address;
}

const sockaddr* generic(const sockaddr_un& address) { return reinterpret_cast<const sockaddr*>(&address); }

Result<> check_same_user(int socket, const std::string& path) {
  FARPTY_ASSIGN(uid, peer_uid(socket));
  if (uid != geteuid()) {
    auto error = os_error("cannot trust", path, EPERM);
    error.error().hint = "the other end is user " + std::to_string(uid);
    return error;
  }
  return {};
}

}  // namespace

Result<RuntimeSocket> RuntimeSocket::open(OwnDirectory directory, pid_t pid) {
  const std::string name = name_of(pid);
  const std::string path = directory.path + "/" + name;
  // Two containers that share the directory may have servers of one number.
  const auto other = connect_to_server(directory, pid);
  if (other || other.error().code == EAGAIN) return failure("cannot listen on", path, "another server listens there");

  // Bound under another name: under its own it must never be seen to refuse.
  const std::string fresh = "new-" + std::to_string(pid) + std::string(kSuffix);
  unlinkat(directory.fd.get(), fresh.c_str(), 0);
  FARPTY_ASSIGN(address, address_of(directory, fresh));
  FARPTY_ASSIGN(socket, make_socket(AF_UNIX));
  const mode_t old_mask = umask(0177);
  const int bound = bind(socket.get(), generic(address), sizeof address);
  const int code = errno;
  umask(old_mask);
  if (bound != 0) return os_error("cannot listen on", path, code);
  if (listen(socket.get(), kBacklog) != 0 ||
      renameat(directory.fd.get(), fresh.c_str(), directory.fd.get(), name.c_str()) != 0) {
    auto error = os_error("cannot listen on", path);
    unlinkat(directory.fd.get(), fresh.c_str(), 0);
    return error;
  }
  return RuntimeSocket(std::move(directory), name, std::move(socket));
}

RuntimeSocket::~RuntimeSocket() {
  if (socket_) unlinkat(directory_.fd.get(), name_.c_str(), 0);
}

Result<OwnedFd> RuntimeSocket::accept() const {
  FARPTY_ASSIGN(socket, accept_socket(socket_.get()));
  FARPTY_TRY(check_same_user(socket.get(), directory_.path + "/" + name_));
  return socket;
}

std::vector<pid_t> servers_in(const OwnDirectory& directory) {
  std::vector<pid_t> found;
  OwnedFd again(openat(directory.fd.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  DIR* folder = again ? fdopendir(again.get()) : nullptr;
  if (folder == nullptr) return found;
  (void)again.release();  // the folder's now
  while (const dirent* entry = readdir(folder))
    if (const pid_t pid = pid_of(static_cast<const char*>(entry->d_name)); pid != 0) found.push_back(pid);
  closedir(folder);
  std::ranges::sort(found);
  return found;
}

Result<Address> address_of_server(const OwnDirectory& directory, pid_t pid) {
  FARPTY_ASSIGN(from, address_of(directory, name_of(pid)));
  Address address;
  std::memcpy(&address.storage, &from, sizeof from);
  address.length = sizeof from;
  return address;
}

Result<OwnedFd> connect_to_server(const OwnDirectory& directory, pid_t pid) {
  const std::string name = name_of(pid);
  const std::string path = directory.path + "/" + name;
  FARPTY_ASSIGN(address, address_of(directory, name));
  FARPTY_ASSIGN(socket, make_socket(AF_UNIX));
  if (connect(socket.get(), generic(address), sizeof address) != 0) {
    auto error = os_error("cannot connect to", path);
    if (error.error().code == ECONNREFUSED) unlinkat(directory.fd.get(), name.c_str(), 0);
    return error;
  }
  FARPTY_TRY(check_same_user(socket.get(), path));
  return socket;
}

}  // namespace farpty::net
