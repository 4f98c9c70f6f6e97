#include "app/notify.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

namespace farpty::app {

namespace {

constexpr int kFirstInherited = 3;  // sd_listen_fds(3): SD_LISTEN_FDS_START

int number_in(const char* name) {
  const char* text = std::getenv(name);
  int value = -1;
  if (text != nullptr) std::from_chars(text, text + std::strlen(text), value);
  return value;
}

Result<net::Protocol> protocol_named(std::string_view name) {
  if (name == "raw") return net::Protocol::kRaw;
  if (name == "telnet") return net::Protocol::kTelnet;
  if (name == "farpty") return net::Protocol::kFarpty;
  return failure("cannot serve", "an inherited socket", fmt::format("its name is '{}'", name),
                 "set FileDescriptorName=raw or telnet in the .socket unit");
}

}  // namespace

void notify(std::string_view state) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  sockaddr_un address{};
  if (path == nullptr || (path[0] != '/' && path[0] != '@') || std::strlen(path) >= sizeof address.sun_path) return;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path, std::strlen(path));
  if (path[0] == '@') address.sun_path[0] = '\0';  // unix(7), abstract
  const OwnedFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + std::strlen(path));
  if (socket)
    sendto(socket.get(), state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address), length);
}

void notify_reloading() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  notify(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", now.tv_sec * 1'000'000LL + now.tv_nsec / 1000));
}

Result<std::vector<InheritedSocket>> inherited_sockets() {
  std::vector<InheritedSocket> sockets;
  if (number_in("LISTEN_PID") != getpid()) return sockets;
  const int count = number_in("LISTEN_FDS");
  const char* names = std::getenv("LISTEN_FDNAMES");
  std::string_view rest = names != nullptr ? names : "";
  for (int i = 0; i < count; ++i) {
    const auto colon = rest.find(':');
    FARPTY_ASSIGN(protocol, protocol_named(rest.substr(0, colon)));
    rest = colon == std::string_view::npos ? "" : rest.substr(colon + 1);
    sockets.push_back({.socket = OwnedFd(kFirstInherited + i), .protocol = protocol});
  }
  return sockets;
}

}  // namespace farpty::app
