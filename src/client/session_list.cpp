#include "client/session_list.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/log.hpp"
#include "client/session_tree.hpp"

namespace farpty::client {

namespace {

constexpr std::size_t kColumns = 7;
using Row = std::array<std::string, kColumns>;

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
  std::array<std::size_t, kColumns> width{};
  for (const Row& row : rows)
    for (std::size_t i = 0; i < kColumns; ++i) width[i] = std::max(width[i], row[i].size());
  std::string text;
  for (const Row& row : rows) {
    for (std::size_t i = 0; i + 1 < kColumns; ++i) text += fmt::format("{:<{}}  ", row[i], width[i]);
    text += row.back() + "\n";
  }
  return text;
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
