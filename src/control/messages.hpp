// What a client may ask a running server over its control socket, and what it answers: JSON, one object a line.
//
//   {"request":"list"}                ->  {"server":{"pid":..., "version":..., "doors":[...], "sessions":[...]}}
//   {"request":"kill","session":3}    ->  {"killed":3}
//   {"request":"invite", ...}         ->  {"token":"..."}
//   {"request":"attach","host":2}     ->  {"attached":2}, when that host's line is free; then farpty/1 with it, no more JSON
//   anything else                     ->  {"error":"..."}
//
// Not how the lines travel (net/runtime_socket.hpp, door/control.hpp) and not how a person sees them (client/). Pure.
// Invariant: whatever the other end sends, decoding gives a value or an Error. Texts that came from a program or a peer are
// whatever bytes they were, with those that are not UTF-8 replaced: who shows them makes them printable.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"

namespace farpty::control {

inline constexpr std::size_t kMaxRequest = 4096;            // bytes of a line, with its end
inline constexpr std::size_t kMaxReply = 64 * 1024 * 1024;  // far above a server full of busy sessions

struct ListRequest {};
// Of a listener: a host, which is hung up and forgotten.
struct KillRequest {
  unsigned session = 0;
};
// An invitation to the server's native doors. Members that are missing are zero, empty or false.
struct InviteRequest {
  bool read_only = false, once = false;
  std::uint32_t expires = 0;       // seconds; 0: never
  std::uint32_t enter_within = 0;  // seconds until it was used first; 0: as long as it is good
  std::string session;             // name or number: only this one; empty: any
};
// Of a listener (farpty listen): the line to a host that dialled in. 0: the one that there is.
struct AttachRequest {
  unsigned host = 0;
};
using Request = std::variant<ListRequest, KillRequest, InviteRequest, AttachRequest>;

struct Process {
  std::int64_t pid = 0;
  std::int64_t parent = 0;
  std::string state;    // R S D T Z ..., as ps(1) shows it
  std::string command;  // the kernel's 15-byte name of it
};

struct Group {
  std::int64_t pgrp = 0;
  bool foreground = false;
  std::vector<Process> processes;
};

struct Session {
  unsigned id = 0;
  std::string program, door, peer;  // door and peer are empty once nobody sees it any more
  std::string tty;
  unsigned columns = 0, rows = 0;
  std::uint64_t age = 0, idle = 0;  // seconds
  std::uint64_t bytes_in = 0, bytes_out = 0;
  std::int64_t leader = 0;  // the program's pid
  std::vector<Group> groups;
};

// One that dialled in at a listener.
struct Host {
  unsigned id = 0;
  std::string peer;       // its address
  std::string state;      // "waiting", "attached", or "away": its connection broke, and it has not come back yet
  std::uint64_t age = 0;  // seconds
};

struct Server {
  std::int64_t pid = 0;
  std::string version;
  std::vector<std::string> doors;  // URLs
  std::vector<Session> sessions;
  std::string listener;  // the URL at which hosts dial in; empty: it is a server
  std::vector<Host> hosts;
};

// Each ends with its newline.
[[nodiscard]] std::string encode(const Request& request);
[[nodiscard]] std::string encode(const Server& server);
[[nodiscard]] std::string encode_killed(unsigned session);
[[nodiscard]] std::string encode_invited(std::string_view token);
[[nodiscard]] std::string encode_attached(unsigned host);
[[nodiscard]] std::string encode_error(std::string_view message);

// A line without its newline. The error's message is made to be sent back.
[[nodiscard]] Result<Request> decode_request(std::string_view line);

// The server's answers; an "error" of its becomes the Error.
[[nodiscard]] Result<Server> decode_server(std::string_view line);
[[nodiscard]] Result<> decode_killed(std::string_view line);
[[nodiscard]] Result<std::string> decode_invited(std::string_view line);
[[nodiscard]] Result<unsigned> decode_attached(std::string_view line);

// For programs: {"servers":[...]}, indented, ASCII only.
[[nodiscard]] std::string to_json(const std::vector<Server>& servers);

}  // namespace farpty::control
