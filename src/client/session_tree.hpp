// The sessions of servers as a person reads them: server, session, process group, process, as a tree.
//
// Pure: what the servers answered goes in, text comes out. Invariant: names that a program or a peer chose can neither steer
// the terminal nor break a line.
#pragma once

#include <string>
#include <vector>

#include "control/messages.hpp"

namespace farpty::client {

enum class Branches { kAscii, kUnicode };

[[nodiscard]] std::string session_tree(const std::vector<control::Server>& servers, Branches branches);

// "5s", "2m03s", "4h07m", "12d03h": the two largest units.
[[nodiscard]] std::string short_time(std::uint64_t seconds);

// "512 B", "1.5 KiB", "340 MiB"
[[nodiscard]] std::string short_size(std::uint64_t bytes);

}  // namespace farpty::client
