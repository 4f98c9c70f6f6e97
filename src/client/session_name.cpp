#include "client/session_name.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/log.hpp"

namespace farpty::client {

namespace {

constexpr std::string_view kSeeWhatRuns = "farpty ps shows what runs";

template <typename Number>
bool read_number(std::string_view text, Number& number) {
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  return code == std::errc{} && end == text.data() + text.size() && text.front() != '-';
}

std::string text_of(const SessionName& name) {
  return (name.server ? std::to_string(*name.server) + "." : "") + std::to_string(name.session);
}

std::string choices(const std::vector<Target>& found) {
  std::string text;
  for (const Target& target : found)
    text += (text.empty() ? "" : " or ") + fmt::format("{}.{}", target.server, target.session);
  return text;
}

}  // namespace

Result<SessionName> parse_session_name(std::string_view text) {
  SessionName name;
  const auto dot = text.find('.');
  std::int64_t server = 0;
  bool good = dot == std::string_view::npos || (read_number(text.substr(0, dot), server) && server > 0);
  if (dot != std::string_view::npos) name.server = server;
  good = good && read_number(text.substr(dot == std::string_view::npos ? 0 : dot + 1), name.session);
  if (!good)
    return failure("cannot understand", "'" + log::printable(text, 60) + "'", "it does not name a session",
                   "write its number, or the server's and its own like 4711.3");
  return name;
}

Result<Target> find_session(const SessionName& name, const std::vector<control::Server>& servers) {
  const std::string text = text_of(name);
  std::vector<Target> found;
  bool server_found = false;
  for (const control::Server& server : servers) {
    if (name.server && server.pid != *name.server) continue;
    server_found = true;
    const auto is_named = [&](const auto& one) { return one.id == name.session; };
    if (std::ranges::any_of(server.sessions, is_named) || std::ranges::any_of(server.hosts, is_named))
      found.push_back({.server = server.pid, .session = name.session});
  }
  if (name.server && !server_found)
    return failure("cannot end session", text, fmt::format("there is no server {}", *name.server),
                   std::string(kSeeWhatRuns));
  if (found.empty()) return failure("cannot end session", text, "there is no such session", std::string(kSeeWhatRuns));
  if (found.size() == 1) return found.front();
  return failure("cannot end session", text, "several servers have one of that number", "write " + choices(found));
}

Result<Target> find_host(const std::optional<SessionName>& name, const std::vector<control::Server>& servers) {
  std::vector<Target> found;
  bool is_listening = false;
  for (const control::Server& server : servers) {
    is_listening = is_listening || !server.listener.empty();
    if (name && name->server && server.pid != *name->server) continue;
    for (const control::Host& host : server.hosts)
      if (!name || host.id == name->session) found.push_back({.server = server.pid, .session = host.id});
  }
  if (found.size() == 1) return found.front();
  const std::string text = name ? "host " + text_of(*name) : "a host that dialled in";
  if (!is_listening)
    return failure("cannot attach to", text, "no listener of yours is running",
                   "farpty listen starts one; farpty attach HOST goes to a server elsewhere");
  if (found.empty())
    return failure("cannot attach to", text, name ? "there is none" : "none has dialled in yet",
                   "farpty ls shows them");
  return failure("cannot attach to", text, "there are several", "write " + choices(found));
}

}  // namespace farpty::client
