#include "net/address.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <cstring>

namespace farpty::net {

namespace {

const sockaddr_in& v4(const sockaddr_storage& storage) { return reinterpret_cast<const sockaddr_in&>(storage); }
const sockaddr_in6& v6(const sockaddr_storage& storage) { return reinterpret_cast<const sockaddr_in6&>(storage); }

bool is_loopback_v4(std::uint32_t network_order) { return (ntohl(network_order) >> 24) == 127; }

}  // namespace

bool Address::is_loopback() const {
  switch (family()) {
    case AF_UNIX: return true;
    case AF_INET: return is_loopback_v4(v4(storage).sin_addr.s_addr);
    case AF_INET6: {
      const in6_addr& address = v6(storage).sin6_addr;
      if (!IN6_IS_ADDR_V4MAPPED(&address)) return IN6_IS_ADDR_LOOPBACK(&address);
      std::uint32_t mapped = 0;
      std::memcpy(&mapped, address.s6_addr + 12, sizeof mapped);
      return is_loopback_v4(mapped);
    }
    default: return false;
  }
}

std::string Address::host() const {
  char text[INET6_ADDRSTRLEN] = "";
  if (family() == AF_INET) inet_ntop(AF_INET, &v4(storage).sin_addr, text, sizeof text);
  if (family() == AF_INET6) inet_ntop(AF_INET6, &v6(storage).sin6_addr, text, sizeof text);
  return text;
}

std::uint16_t Address::port() const {
  if (family() == AF_INET) return ntohs(v4(storage).sin_port);
  if (family() == AF_INET6) return ntohs(v6(storage).sin6_port);
  return 0;
}

std::string Address::text() const {
  if (family() == AF_INET) return host() + ":" + std::to_string(port());
  if (family() == AF_INET6) return "[" + host() + "]:" + std::to_string(port());
  return "unix";
}

Result<std::vector<Address>> resolve(const Url& url, Purpose purpose) {
  if (url.unix_socket) {
    Address address;
    auto& unix_address = reinterpret_cast<sockaddr_un&>(address.storage);
    unix_address.sun_family = AF_UNIX;
    std::memcpy(unix_address.sun_path, url.path.c_str(), url.path.size() + 1);  // parse_url saw that it fits
    address.length = sizeof(sockaddr_un);
    return std::vector{address};
  }
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | (purpose == Purpose::kListen ? AI_PASSIVE : 0);
  addrinfo* found = nullptr;
  const int code = getaddrinfo(url.host.c_str(), std::to_string(url.port).c_str(), &hints, &found);
  if (code == EAI_SYSTEM) return os_error("cannot resolve", url.host);
  if (code != 0) return failure("cannot resolve", url.host, gai_strerror(code));
  std::vector<Address> addresses;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    Address address;
    std::memcpy(&address.storage, entry->ai_addr, entry->ai_addrlen);
    address.length = entry->ai_addrlen;
    addresses.push_back(address);
  }
  freeaddrinfo(found);
  return addresses;
}

Address local_address(int socket) {
  Address address;
  address.length = sizeof address.storage;
  if (getsockname(socket, address.get(), &address.length) != 0) address.length = 0;
  return address;
}

Address peer_address(int socket) {
  Address address;
  address.length = sizeof address.storage;
  if (getpeername(socket, address.get(), &address.length) != 0) address.length = 0;
  return address;
}

std::string peer_text(int socket) { return peer_address(socket).text(); }

}  // namespace farpty::net
