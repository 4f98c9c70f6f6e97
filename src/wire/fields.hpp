// Fields: how a message's members become keys of a CBOR map and come back. Each message is described once (messages.cpp:
// describe), for a Writer and a Reader alike, so that both cannot differ.
//
// A member is required, or it is left out where it is zero, empty or false. Pure. Invariant: after Reader::why() is empty,
// every member that was asked for is within its bound.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/check.hpp"

namespace farpty::wire {

enum class Need { kOptional, kRequired };

class Writer {
 public:
  template <typename T>
  void number(const char* key, T& value, std::uint64_t most, Need need = Need::kOptional) {
    const auto wide = static_cast<std::uint64_t>(value);
    FARPTY_CHECK(wide <= most);
    if (need == Need::kRequired || wide != 0) map_[key] = wide;
  }
  void maybe(const char* key, std::optional<std::uint64_t>& value, std::uint64_t most);
  void flag(const char* key, bool& value, Need need = Need::kOptional);
  void text(const char* key, std::string& value, std::size_t most, Need need = Need::kOptional);
  void bytes(const char* key, std::string& value, std::size_t most, Need need = Need::kOptional);
  void texts(const char* key, std::vector<std::string>& values, std::size_t count, std::size_t most);
  void arguments(const char* key, std::vector<std::string>& values, std::size_t count, std::size_t total);
  void variables(const char* key, std::vector<std::pair<std::string, std::string>>& values, std::size_t count,
                 std::size_t most);

  template <typename T, typename Describe>
  void list(const char* key, std::vector<T>& values, std::size_t count, Describe describe) {
    FARPTY_CHECK(values.size() <= count);
    nlohmann::json array = nlohmann::json::array();
    for (T& value : values) {
      Writer inner;
      describe(inner, value);
      array.push_back(inner.take());
    }
    map_[key] = std::move(array);
  }

  [[nodiscard]] nlohmann::json take() { return std::move(map_); }

 private:
  nlohmann::json map_ = nlohmann::json::object();
};

class Reader {
 public:
  explicit Reader(const nlohmann::json& map) : map_(map) {}

  template <typename T>
  void number(const char* key, T& value, std::uint64_t most, Need need = Need::kOptional) {
    if (const auto* found = find(key, need)) {
      if (!found->is_number_unsigned() || found->template get<std::uint64_t>() > most)
        return refuse(key, "is no number from 0 to " + std::to_string(most));
      value = static_cast<T>(found->template get<std::uint64_t>());
    }
  }
  void maybe(const char* key, std::optional<std::uint64_t>& value, std::uint64_t most);
  void flag(const char* key, bool& value, Need need = Need::kOptional);
  void text(const char* key, std::string& value, std::size_t most, Need need = Need::kOptional);
  void bytes(const char* key, std::string& value, std::size_t most, Need need = Need::kOptional);
  void texts(const char* key, std::vector<std::string>& values, std::size_t count, std::size_t most);
  void arguments(const char* key, std::vector<std::string>& values, std::size_t count, std::size_t total);
  void variables(const char* key, std::vector<std::pair<std::string, std::string>>& values, std::size_t count,
                 std::size_t most);

  template <typename T, typename Describe>
  void list(const char* key, std::vector<T>& values, std::size_t count, Describe describe) {
    const auto* const found = find_list(key, count);
    if (found == nullptr) return;
    for (const auto& element : *found) {
      if (!element.is_object()) return refuse(key, "holds something else than a map");
      Reader inner(element);
      describe(inner, values.emplace_back());
      if (!inner.why().empty()) return refuse(key, "holds a map of which " + inner.why());
    }
  }

  // What is wrong: "'version' is missing"; empty: nothing.
  [[nodiscard]] const std::string& why() const { return why_; }

 private:
  [[nodiscard]] const nlohmann::json* find(const char* key, Need need);
  [[nodiscard]] const nlohmann::json* find_list(const char* key, std::size_t count);
  void refuse(const char* key, const std::string& what);

  const nlohmann::json& map_;
  std::string why_;
};

}  // namespace farpty::wire
