#include "client/ask.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "net/runtime_socket.hpp"

namespace farpty::client {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kPatience{10};

std::string server_name(pid_t pid) { return "server " + std::to_string(pid); }

// Waits until the socket can be read or written, or it is over.
Result<> wait_for(int socket, short what, Clock::time_point until, const std::string& name) {
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    pollfd event{.fd = socket, .events = what, .revents = 0};
    const int ready = poll(&event, 1, static_cast<int>(std::max<std::int64_t>(0, left)));
    if (ready > 0) return {};
    if (ready == 0) return os_error("cannot ask", name, ETIMEDOUT);
    if (errno != EINTR) return os_error("cannot ask", name);
  }
}

// Sends one line and returns the line that comes back, without its newline.
Result<std::string> exchange(int socket, std::string_view request, const std::string& name) {
  const auto until = Clock::now() + kPatience;
  while (!request.empty()) {
    const ssize_t count = send(socket, request.data(), request.size(), MSG_NOSIGNAL);
    if (count >= 0)
      request.remove_prefix(static_cast<std::size_t>(count));
    else if (errno == EAGAIN)
      FARPTY_TRY(wait_for(socket, POLLOUT, until, name));
    else if (errno != EINTR)
      return os_error("cannot ask", name);
  }
  std::string answer;
  std::array<char, 16 * 1024> part{};
  while (true) {
    const ssize_t count = recv(socket, part.data(), part.size(), 0);
    if (count == 0) return failure("cannot ask", name, "it closed the connection");
    if (count < 0) {
      if (errno == EAGAIN)
        FARPTY_TRY(wait_for(socket, POLLIN, until, name));
      else if (errno != EINTR)
        return os_error("cannot ask", name);
      continue;
    }
    const std::string_view got(part.data(), static_cast<std::size_t>(count));
    const auto end = got.find('\n');
    answer += got.substr(0, end);
    if (end != std::string_view::npos) return answer;
    if (answer.size() > control::kMaxReply) return failure("cannot ask", name, "its answer has no end");
  }
}

}  // namespace

RunningServers RunningServers::ask(std::optional<pid_t> only) {
  RunningServers servers;
  for (const std::string& path : runtime_directories()) {
    auto directory = open_own_directory(path, Missing::kFail);
    if (directory)
      servers.ask_in(std::move(*directory), only);
    else if (directory.error().code != ENOENT)
      servers.failures_.push_back(std::move(directory).error());
  }
  return servers;
}

void RunningServers::ask_in(OwnDirectory directory, std::optional<pid_t> only) {
  for (const pid_t pid : net::servers_in(directory)) {
    if (only && pid != *only) continue;
    const auto server = [&]() -> Result<control::Server> {
      FARPTY_ASSIGN(socket, net::connect_to_server(directory, pid));
      FARPTY_ASSIGN(answer, exchange(socket.get(), control::encode(control::ListRequest{}), server_name(pid)));
      return control::decode_server(answer);
    }();
    if (server) {
      found_.push_back(*server);
      found_.back().pid = pid;  // the name by which it can be reached: in another container it may have another number
      places_.push_back({.directory = directories_.size(), .socket = pid});
    } else if (server.error().code != ENOENT && server.error().code != ECONNREFUSED) {
      failures_.push_back(server.error());
    }
  }
  directories_.push_back(std::move(directory));
}

Result<std::string> RunningServers::say(std::int64_t server, const control::Request& request) const {
  const auto found = std::ranges::find(found_, server, &control::Server::pid);
  if (found == found_.end()) return failure("cannot ask", "server " + std::to_string(server), "there is none");
  const Place& place = places_[static_cast<std::size_t>(found - found_.begin())];
  FARPTY_ASSIGN(socket, net::connect_to_server(directories_[place.directory], place.socket));
  return exchange(socket.get(), control::encode(request), server_name(place.socket));
}

Result<net::Address> RunningServers::address_of(std::int64_t server) const {
  const auto found = std::ranges::find(found_, server, &control::Server::pid);
  if (found == found_.end()) return failure("cannot ask", "server " + std::to_string(server), "there is none");
  const Place& place = places_[static_cast<std::size_t>(found - found_.begin())];
  return net::address_of_server(directories_[place.directory], place.socket);
}

Result<> RunningServers::kill(std::int64_t server, unsigned session) const {
  FARPTY_ASSIGN(answer, say(server, control::KillRequest{.session = session}));
  return control::decode_killed(answer);
}

Result<std::string> RunningServers::invite(std::int64_t server, const control::InviteRequest& wish) const {
  FARPTY_ASSIGN(answer, say(server, wish));
  return control::decode_invited(answer);
}

}  // namespace farpty::client
