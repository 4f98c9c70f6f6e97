#include "client/session_list.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/log.hpp"
#include "client/session_tree.hpp"

namespace farpty::client {

namespace {

using Row = std::vector<std::string>;

// Columns as wide as they have to be; the last one has no end.
std::string table(const std::vector<Row>& rows) {
  std::vector<std::size_t> width(rows.front().size());
  for (const Row& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) width[i] = std::max(width[i], row[i].size());
  std::string text;
  for (const Row& row : rows) {
    for (std::size_t i = 0; i + 1 < row.size(); ++i) text += fmt::format("{:<{}}  ", row[i], width[i]);
    text += row.back() + "\n";
  }
  return text;
}

Row row_of(const wire::Listed& one) {
  return {fmt::format("{}", one.session),
          one.name.empty() ? "-" : log::printable(one.name, wire::kMaxName),
          fmt::format("{}x{}", one.size.columns, one.size.rows),
          short_time(one.age),
          short_time(one.idle),
          fmt::format("{}", one.viewers),
          log::printable(one.program, 60)};
}

}  // namespace

std::string session_list(const std::vector<wire::Listed>& sessions) {
  if (sessions.empty()) return {};
  std::vector<Row> rows = {{"ID", "NAME", "SIZE", "AGE", "IDLE", "VIEWERS", "PROGRAM"}};
  for (const auto& one : sessions) rows.push_back(row_of(one));
  return table(rows);
}

std::string host_list(const std::vector<control::Server>& servers) {
  std::vector<Row> rows = {{"HOST", "FROM", "STATE", "AGE", "LISTENER"}};
  for (const auto& server : servers)
    for (const auto& host : server.hosts)
      rows.push_back({fmt::format("{}", host.id), log::printable(host.peer, 60), log::printable(host.state, 20),
                      short_time(host.age), fmt::format("{} {}", server.pid, log::printable(server.listener))});
  return rows.size() == 1 ? "" : table(rows);
}

std::string session_list_json(const std::vector<wire::Listed>& sessions) {
  using nlohmann::json;
  json list = json::array();
  for (const auto& one : sessions)
    list.push_back({{"session", one.session},
                    {"name", one.name},
                    {"program", one.program},
                    {"tty", one.tty},
                    {"age", one.age},
                    {"idle", one.idle},
                    {"viewers", one.viewers},
                    {"columns", one.size.columns},
                    {"rows", one.size.rows}});
  const json whole = {{"sessions", std::move(list)}};
  return whole.dump(2, ' ', /*ensure_ascii=*/true, json::error_handler_t::replace) + "\n";
}

}  // namespace farpty::client
