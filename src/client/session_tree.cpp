#include "client/session_tree.hpp"

#include <array>

#include <fmt/format.h>

#include "base/log.hpp"

namespace farpty::client {

namespace {

using log::printable;

struct Strokes {
  const char* child;  // before a child that has a younger sibling, and before the last one
  const char* last_child;
  const char* below;  // before what stands below each of them
  const char* below_last;
};
constexpr Strokes kAscii{.child = "|- ", .last_child = "`- ", .below = "|  ", .below_last = "   "};
constexpr Strokes kUnicode{.child = "├─ ", .last_child = "└─ ", .below = "│  ", .below_last = "   "};

// Writes one line for each child, and below it what `inner` writes with the prefix that it is given.
template <typename Child, typename Line, typename Inner>
void branch(std::string& out, const Strokes& strokes, const std::string& prefix, const std::vector<Child>& children,
            Line line, Inner inner) {
  for (std::size_t i = 0; i < children.size(); ++i) {
    const bool last = i + 1 == children.size();
    out += prefix + (last ? strokes.last_child : strokes.child) + line(children[i]) + "\n";
    inner(children[i], prefix + (last ? strokes.below_last : strokes.below));
  }
}

std::string line_of(const control::Server& server) {
  std::string line = fmt::format("{} {}, farpty {}", server.listener.empty() ? "server" : "listener", server.pid,
                                 printable(server.version, 40));
  if (!server.listener.empty()) line += ": " + printable(server.listener);
  for (const std::string& door : server.doors) line += (&door == server.doors.data() ? ": " : " ") + printable(door);
  return line;
}

std::string line_of(const control::Session& session) {
  const std::string who =
      session.peer.empty() ? "hung up" : printable(session.door, 40) + " from " + printable(session.peer);
  const std::string size = session.columns == 0 ? "" : fmt::format(" {}x{}", session.columns, session.rows);
  return fmt::format("session {}: {}, {}, {}{}, age {}, idle {}, {} in, {} out", session.id, printable(session.program),
                     who, printable(session.tty, 60), size, short_time(session.age), short_time(session.idle),
                     short_size(session.bytes_in), short_size(session.bytes_out));
}

std::string line_of(const control::Host& host) {
  return fmt::format("host {}: {}, {}, age {}", host.id, printable(host.peer, 60), printable(host.state, 20),
                     short_time(host.age));
}

std::string line_of(const control::Group& group) {
  return fmt::format("group {}{}", group.pgrp, group.foreground ? ", foreground" : "");
}

std::string line_of(const control::Process& process) {
  return fmt::format("{} {} {}", process.pid, printable(process.state, 4), printable(process.command, 64));
}

}  // namespace

std::string session_tree(const std::vector<control::Server>& servers, Branches branches) {
  const Strokes& strokes = branches == Branches::kAscii ? kAscii : kUnicode;
  const auto line = [](const auto& node) { return line_of(node); };
  std::string out;
  const auto nothing = [](const auto&, const std::string&) {};
  const auto processes = [&](const control::Group& group, const std::string& prefix) {
    branch(out, strokes, prefix, group.processes, line, nothing);
  };
  const auto groups = [&](const control::Session& session, const std::string& prefix) {
    branch(out, strokes, prefix, session.groups, line, processes);
  };
  for (const control::Server& server : servers) {
    out += line_of(server) + "\n";
    branch(out, strokes, "", server.sessions, line, groups);
    branch(out, strokes, "", server.hosts, line, nothing);
  }
  return out;
}

std::string short_time(std::uint64_t seconds) {
  if (seconds < 60) return fmt::format("{}s", seconds);
  if (seconds < 3600) return fmt::format("{}m{:02}s", seconds / 60, seconds % 60);
  if (seconds < 86400) return fmt::format("{}h{:02}m", seconds / 3600, seconds / 60 % 60);
  return fmt::format("{}d{:02}h", seconds / 86400, seconds / 3600 % 24);
}

std::string short_size(std::uint64_t bytes) {
  constexpr std::array kUnits{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  if (unit == 0 || value >= 99.95) return fmt::format("{:.0f} {}", value, kUnits[unit]);
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

}  // namespace farpty::client
