#include "control/messages.hpp"

#include <limits>
#include <optional>

#include <nlohmann/json.hpp>

namespace farpty::control {

namespace {

using nlohmann::json;

// dump() throws on bytes that are not UTF-8 unless it is told what to do; in ASCII no byte can steer a terminal.
std::string text_of(const json& value, int indent = -1) {
  return value.dump(indent, ' ', /*ensure_ascii=*/true, json::error_handler_t::replace) + "\n";
}

json json_of(const Process& process) {
  return {{"pid", process.pid}, {"parent", process.parent}, {"state", process.state}, {"command", process.command}};
}

json json_of(const Group& group) {
  json processes = json::array();
  for (const Process& process : group.processes) processes.push_back(json_of(process));
  return {{"pgrp", group.pgrp}, {"foreground", group.foreground}, {"processes", std::move(processes)}};
}

json json_of(const Session& session) {
  json groups = json::array();
  for (const Group& group : session.groups) groups.push_back(json_of(group));
  return {{"id", session.id},           {"program", session.program}, {"door", session.door},
          {"peer", session.peer},       {"tty", session.tty},         {"columns", session.columns},
          {"rows", session.rows},       {"age", session.age},         {"idle", session.idle},
          {"in", session.bytes_in},     {"out", session.bytes_out},   {"leader", session.leader},
          {"groups", std::move(groups)}};
}

json json_of(const Server& server) {
  json sessions = json::array();
  for (const Session& session : server.sessions) sessions.push_back(json_of(session));
  json value = {
      {"pid", server.pid}, {"version", server.version}, {"doors", server.doors}, {"sessions", std::move(sessions)}};
  if (server.listener.empty()) return value;
  value["listener"] = server.listener;
  value["hosts"] = json::array();
  for (const Host& host : server.hosts)
    value["hosts"].push_back({{"id", host.id}, {"peer", host.peer}, {"state", host.state}, {"age", host.age}});
  return value;
}

// These throw json::exception where a member is missing or of another type; decoded() catches.
Process process_of(const json& value) {
  return {.pid = value.at("pid").get<std::int64_t>(),
          .parent = value.at("parent").get<std::int64_t>(),
          .state = value.at("state").get<std::string>(),
          .command = value.at("command").get<std::string>()};
}

Group group_of(const json& value) {
  Group group{.pgrp = value.at("pgrp").get<std::int64_t>(), .foreground = value.at("foreground").get<bool>()};
  for (const json& process : value.at("processes")) group.processes.push_back(process_of(process));
  return group;
}

Session session_of(const json& value) {
  Session session{.id = value.at("id").get<unsigned>(),
                  .program = value.at("program").get<std::string>(),
                  .door = value.at("door").get<std::string>(),
                  .peer = value.at("peer").get<std::string>(),
                  .tty = value.at("tty").get<std::string>(),
                  .columns = value.at("columns").get<unsigned>(),
                  .rows = value.at("rows").get<unsigned>(),
                  .age = value.at("age").get<std::uint64_t>(),
                  .idle = value.at("idle").get<std::uint64_t>(),
                  .bytes_in = value.at("in").get<std::uint64_t>(),
                  .bytes_out = value.at("out").get<std::uint64_t>(),
                  .leader = value.at("leader").get<std::int64_t>()};
  for (const json& group : value.at("groups")) session.groups.push_back(group_of(group));
  return session;
}

Host host_of(const json& value) {
  return {.id = value.at("id").get<unsigned>(),
          .peer = value.at("peer").get<std::string>(),
          .state = value.at("state").get<std::string>(),
          .age = value.at("age").get<std::uint64_t>()};
}

Server server_of(const json& value) {
  Server server{.pid = value.at("pid").get<std::int64_t>(),
                .version = value.at("version").get<std::string>(),
                .doors = value.at("doors").get<std::vector<std::string>>()};
  for (const json& session : value.at("sessions")) server.sessions.push_back(session_of(session));
  server.listener = value.value("listener", "");  // a server of an older version has neither
  if (const auto hosts = value.find("hosts"); hosts != value.end())
    for (const json& host : *hosts) server.hosts.push_back(host_of(host));
  return server;
}

// The number, or `otherwise` where there is none; std::nullopt where it is not one that fits.
std::optional<std::uint32_t> number_in(const json& value, const char* name, std::uint32_t otherwise) {
  const auto found = value.find(name);
  if (found == value.end()) return otherwise;
  if (!found->is_number_unsigned() || found->get<std::uint64_t>() > std::numeric_limits<std::uint32_t>::max())
    return std::nullopt;
  return found->get<std::uint32_t>();
}

Result<Request> invite_of(const json& value) {
  InviteRequest invite;
  const auto expires = number_in(value, "expires", 0), within = number_in(value, "enter_within", 0);
  const auto wrong = [&value](const char* name, json::value_t type) {
    return value.contains(name) && value.at(name).type() != type;
  };
  if (!expires || !within || wrong("read_only", json::value_t::boolean) || wrong("once", json::value_t::boolean) ||
      wrong("session", json::value_t::string))
    return failure("cannot understand", "the request", "a member of it is of another type than it should be");
  invite.expires = *expires;
  invite.enter_within = *within;
  invite.read_only = value.value("read_only", false);
  invite.once = value.value("once", false);
  invite.session = value.value("session", "");
  return invite;
}

std::unexpected<Error> not_understood() {
  return failure("cannot understand", "the server's answer", "it is none",
                 "are server and client of the same version?");
}

// The answer as `read` takes it, or the error that it carries.
template <typename T, typename Read>
Result<T> decoded(std::string_view line, Read read) {
  try {
    const json value = json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!value.is_object()) return not_understood();
    if (const auto error = value.find("error"); error != value.end() && error->is_string())
      return failure("the server", "", error->get<std::string>());
    return read(value);
  } catch (const json::exception&) {
    return not_understood();
  }
}

}  // namespace

std::string encode(const Request& request) {
  if (const auto* kill = std::get_if<KillRequest>(&request))
    return text_of({{"request", "kill"}, {"session", kill->session}});
  if (const auto* invite = std::get_if<InviteRequest>(&request))
    return text_of({{"request", "invite"},
                    {"read_only", invite->read_only},
                    {"once", invite->once},
                    {"expires", invite->expires},
                    {"enter_within", invite->enter_within},
                    {"session", invite->session}});
  if (const auto* attach = std::get_if<AttachRequest>(&request))
    return text_of({{"request", "attach"}, {"host", attach->host}});
  return text_of({{"request", "list"}});
}

std::string encode(const Server& server) { return text_of({{"server", json_of(server)}}); }
std::string encode_killed(unsigned session) { return text_of({{"killed", session}}); }
std::string encode_invited(std::string_view token) { return text_of({{"token", token}}); }
std::string encode_attached(unsigned host) { return text_of({{"attached", host}}); }
std::string encode_error(std::string_view message) { return text_of({{"error", message}}); }

Result<Request> decode_request(std::string_view line) {
  const json value = json::parse(line, nullptr, /*allow_exceptions=*/false);
  const auto request = value.is_object() ? value.find("request") : value.end();
  if (!value.is_object() || request == value.end() || !request->is_string())
    return failure("cannot understand", "the request", "it is no JSON object with a \"request\"");
  if (*request == "list") return ListRequest{};
  if (*request == "invite") return invite_of(value);
  if (*request == "attach") {
    const auto host = number_in(value, "host", 0);
    if (!host) return failure("cannot understand", "the request", "\"host\" is not the number of one");
    return AttachRequest{.host = *host};
  }
  if (*request != "kill") return failure("cannot understand", "the request", "there is no such one");
  const auto session = value.find("session");
  if (session == value.end() || !session->is_number_unsigned() ||
      session->get<std::uint64_t>() > std::numeric_limits<unsigned>::max())
    return failure("cannot understand", "the request", "\"session\" is not the number of one");
  return KillRequest{.session = session->get<unsigned>()};
}

Result<Server> decode_server(std::string_view line) {
  return decoded<Server>(line, [](const json& value) { return server_of(value.at("server")); });
}

Result<> decode_killed(std::string_view line) {
  return decoded<void>(line, [](const json& value) -> Result<> {
    if (!value.contains("killed")) return not_understood();
    return {};
  });
}

Result<std::string> decode_invited(std::string_view line) {
  return decoded<std::string>(line, [](const json& value) { return value.at("token").get<std::string>(); });
}

Result<unsigned> decode_attached(std::string_view line) {
  return decoded<unsigned>(line, [](const json& value) { return value.at("attached").get<unsigned>(); });
}

std::string to_json(const std::vector<Server>& servers) {
  json list = json::array();
  for (const Server& server : servers) list.push_back(json_of(server));
  return text_of({{"servers", std::move(list)}}, 2);
}

}  // namespace farpty::control
