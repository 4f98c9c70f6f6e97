#include "net/peer_socket.hpp"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <memory>

#include "base/owned_fd.hpp"
#include "net/address.hpp"

namespace farpty::net {

namespace {

struct Owner {
  uid_t uid = 0;
  unsigned long inode = 0;  // 0: nobody holds that end
  unsigned unread = 0;      // bytes that its program has not read; a FIN counts as one
};

std::unexpected<Error> unknown_owner(std::string reason) {
  return failure("cannot tell who connects:", "", std::move(reason));
}

// The four numbers of the *peer's* socket, as the kernel's table has them.
struct Ends {
  Address peer;   // its own end
  Address local;  // the end that it is connected to: ours
};

inet_diag_sockid diag_id(const Ends& ends) {
  inet_diag_sockid id{};
  id.idiag_sport = htons(ends.peer.port());
  id.idiag_dport = htons(ends.local.port());
  if (ends.peer.family() == AF_INET) {
    std::memcpy(id.idiag_src, &reinterpret_cast<const sockaddr_in&>(ends.peer.storage).sin_addr, 4);
    std::memcpy(id.idiag_dst, &reinterpret_cast<const sockaddr_in&>(ends.local.storage).sin_addr, 4);
  } else {
    std::memcpy(id.idiag_src, &reinterpret_cast<const sockaddr_in6&>(ends.peer.storage).sin6_addr, 16);
    std::memcpy(id.idiag_dst, &reinterpret_cast<const sockaddr_in6&>(ends.local.storage).sin6_addr, 16);
  }
  id.idiag_cookie[0] = id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  return id;
}

Result<Owner> owner_by_sock_diag(const Ends& ends) {
  OwnedFd netlink(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  if (!netlink) return os_error("cannot open", "sock_diag");
  struct {
    nlmsghdr header;
    inet_diag_req_v2 body;
  } request{};
  request.header = {.nlmsg_len = sizeof request, .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST};
  request.body.sdiag_family = static_cast<__u8>(ends.peer.family());
  request.body.sdiag_protocol = IPPROTO_TCP;
  request.body.idiag_states = ~0U;
  request.body.id = diag_id(ends);
  if (send(netlink.get(), &request, sizeof request, 0) < 0) return os_error("cannot ask", "sock_diag");

  alignas(nlmsghdr) char reply[1024];
  const ssize_t length = recv(netlink.get(), reply, sizeof reply, 0);
  if (length < 0) return os_error("cannot ask", "sock_diag");
  const auto* header = reinterpret_cast<const nlmsghdr*>(reply);
  if (!NLMSG_OK(header, static_cast<unsigned>(length))) return unknown_owner("sock_diag's answer is cut short");
  if (header->nlmsg_type == NLMSG_ERROR) {
    const auto* error = static_cast<const nlmsgerr*>(NLMSG_DATA(header));
    return os_error("cannot ask", "sock_diag", -error->error);
  }
  if (header->nlmsg_len < NLMSG_LENGTH(sizeof(inet_diag_msg))) return unknown_owner("sock_diag's answer is cut short");
  const auto* message = static_cast<const inet_diag_msg*>(NLMSG_DATA(header));
  return Owner{.uid = message->idiag_uid, .inode = message->idiag_inode, .unread = message->idiag_rqueue};
}

// An address as /proc/net/tcp and tcp6 print it: 32-bit words in host order, then the port (proc(5)).
std::string proc_form(const Address& address) {
  std::string text;
  char word[16];
  const auto* bytes =
      address.family() == AF_INET
          ? reinterpret_cast<const unsigned char*>(&reinterpret_cast<const sockaddr_in&>(address.storage).sin_addr)
          : reinterpret_cast<const sockaddr_in6&>(address.storage).sin6_addr.s6_addr;
  for (int i = 0; i < (address.family() == AF_INET ? 1 : 4); ++i) {
    std::uint32_t value = 0;
    std::memcpy(&value, bytes + i * 4, 4);
    std::snprintf(word, sizeof word, "%08X", value);
    text += word;
  }
  std::snprintf(word, sizeof word, ":%04X", address.port());
  return text + word;
}

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

// The words of a line of /proc/net/tcp: slot local remote state queues timer retransmits uid timeout inode ...
enum Column : std::size_t { kLocal = 1, kRemote = 2, kUid = 7, kInode = 9, kColumns };

std::array<std::string_view, kColumns> columns_of(std::string_view line) {
  constexpr std::string_view kBlanks = " \n";
  std::array<std::string_view, kColumns> columns;
  for (std::string_view& column : columns) {
    line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
    column = line.substr(0, line.find_first_of(kBlanks));
    line.remove_prefix(column.size());
  }
  return columns;
}

// By stdio: this runs where descriptors have run out, and a stream's virtual bases cannot be checked by UBSan then (it
// asks a pipe whether memory can be read).
Result<Owner> owner_by_proc(const Ends& ends) {
  const char* path = ends.peer.family() == AF_INET ? "/proc/net/tcp" : "/proc/net/tcp6";
  const std::unique_ptr<std::FILE, CloseFile> table(std::fopen(path, "re"));
  if (!table) return os_error("cannot read", path);
  const std::string local = proc_form(ends.peer);
  const std::string remote = proc_form(ends.local);
  std::array<char, 512> line;  // the kernel pads each to 149 or 178 bytes
  while (std::fgets(line.data(), line.size(), table.get()) != nullptr) {
    const auto columns = columns_of(line.data());
    if (columns[kLocal] != local || columns[kRemote] != remote) continue;
    Owner owner;
    const auto number = [](std::string_view text, auto& value) {
      return std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc{};
    };
    if (number(columns[kUid], owner.uid) && number(columns[kInode], owner.inode)) return owner;
  }
  return unknown_owner(std::string("its socket is not in ") + path);
}

Result<Ends> ends_of(int socket) {
  Ends ends{.peer = peer_address(socket), .local = local_address(socket)};
  if (ends.peer.length == 0 || ends.local.length == 0) return unknown_owner("the peer has gone");
  return ends;
}

Result<uid_t> uid_if_held(const Result<Owner>& owner) {
  if (!owner) return std::unexpected(owner.error());
  if (owner->inode == 0) return unknown_owner("the peer has gone");
  return owner->uid;
}

bool is_unix(int socket) { return local_address(socket).family() == AF_UNIX; }

}  // namespace

Result<uid_t> peer_uid(int socket) {
  if (is_unix(socket)) {
    ucred credentials{};
    socklen_t length = sizeof credentials;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0)
      return os_error("cannot tell who connects to", "the unix socket");
    return credentials.uid;
  }
  FARPTY_ASSIGN(ends, ends_of(socket));
  const auto owner = owner_by_sock_diag(ends);
  return uid_if_held(owner ? owner : owner_by_proc(ends));
}

Result<uid_t> peer_uid_from_proc(int socket) {
  FARPTY_ASSIGN(ends, ends_of(socket));
  return uid_if_held(owner_by_proc(ends));
}

std::optional<bool> peer_is_held(int socket) {
  if (is_unix(socket)) {
    pollfd state{.fd = socket, .events = 0, .revents = 0};
    return poll(&state, 1, 0) == 0 || (state.revents & POLLHUP) == 0;
  }
  const auto ends = ends_of(socket);
  if (!ends) return false;
  if (!ends->peer.is_loopback()) return std::nullopt;
  auto owner = owner_by_sock_diag(*ends);
  if (!owner && owner.error().code == ENOENT) return false;  // not in the table: the socket is no more
  if (!owner) owner = owner_by_proc(*ends);
  if (!owner) return std::nullopt;
  return owner->inode != 0;
}

std::optional<bool> peer_has_read_all(int socket) {
  if (is_unix(socket)) return std::nullopt;
  const auto ends = ends_of(socket);
  if (!ends || !ends->peer.is_loopback()) return std::nullopt;
  int on_its_way = 0;  // for which the peer's queue had no room yet
  if (ioctl(socket, SIOCOUTQ, &on_its_way) != 0) return std::nullopt;
  if (on_its_way > 0) return false;
  const auto owner = owner_by_sock_diag(*ends);
  if (!owner || owner->inode == 0) return std::nullopt;
  return owner->unread == 0;
}

}  // namespace farpty::net
