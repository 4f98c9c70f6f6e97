#include "wire/fields.hpp"

#include <nlohmann/json.hpp>

namespace farpty::wire {

namespace {

using nlohmann::json;

json binary_of(const std::string& text) { return json::binary(std::vector<std::uint8_t>(text.begin(), text.end())); }

std::string text_of(const json& value) {
  const auto& bytes = value.get_binary();
  return {bytes.begin(), bytes.end()};
}

std::size_t total_size(const std::vector<std::string>& values) {
  std::size_t total = 0;
  for (const std::string& value : values) total += value.size();
  return total;
}

}  // namespace

void Writer::maybe(const char* key, std::optional<std::uint64_t>& value, std::uint64_t most) {
  if (value) number(key, *value, most, Need::kRequired);
}

void Writer::flag(const char* key, bool& value, Need need) {
  if (need == Need::kRequired || value) map_[key] = value;
}

void Writer::text(const char* key, std::string& value, std::size_t most, Need need) {
  FARPTY_CHECK(value.size() <= most);
  if (need == Need::kRequired || !value.empty()) map_[key] = value;
}

void Writer::bytes(const char* key, std::string& value, std::size_t most, Need need) {
  FARPTY_CHECK(value.size() <= most);
  if (need == Need::kRequired || !value.empty()) map_[key] = binary_of(value);
}

void Writer::texts(const char* key, std::vector<std::string>& values, std::size_t count, std::size_t most) {
  FARPTY_CHECK(values.size() <= count && std::ranges::all_of(values, [&](const auto& v) { return v.size() <= most; }));
  if (!values.empty()) map_[key] = values;
}

void Writer::arguments(const char* key, std::vector<std::string>& values, std::size_t count, std::size_t total) {
  FARPTY_CHECK(values.size() <= count && total_size(values) <= total);
  if (values.empty()) return;
  json array = json::array();
  for (const std::string& value : values) array.push_back(binary_of(value));
  map_[key] = std::move(array);
}

void Writer::variables(const char* key, std::vector<std::pair<std::string, std::string>>& values, std::size_t count,
                       std::size_t most) {
  FARPTY_CHECK(values.size() <= count);
  if (values.empty()) return;
  json map = json::object();
  for (const auto& [name, value] : values) {
    FARPTY_CHECK(value.size() <= most);
    map[name] = binary_of(value);
  }
  map_[key] = std::move(map);
}

const json* Reader::find(const char* key, Need need) {
  const auto found = map_.find(key);
  if (found != map_.end()) return &*found;
  if (need == Need::kRequired) refuse(key, "is missing");
  return nullptr;
}

const json* Reader::find_list(const char* key, std::size_t count) {
  const json* const found = find(key, Need::kOptional);
  if (found == nullptr || (found->is_array() && found->size() <= count)) return found;
  refuse(key, "is no list of at most " + std::to_string(count) + " elements");
  return nullptr;
}

void Reader::refuse(const char* key, const std::string& what) {
  if (why_.empty()) why_ = std::string("'") + key + "' " + what;
}

void Reader::maybe(const char* key, std::optional<std::uint64_t>& value, std::uint64_t most) {
  if (map_.contains(key)) number(key, value.emplace(), most);
}

void Reader::flag(const char* key, bool& value, Need need) {
  const json* const found = find(key, need);
  if (found == nullptr) return;
  if (!found->is_boolean()) return refuse(key, "is neither true nor false");
  value = found->get<bool>();
}

void Reader::text(const char* key, std::string& value, std::size_t most, Need need) {
  const json* const found = find(key, need);
  if (found == nullptr) return;
  if (!found->is_string() || found->get_ref<const std::string&>().size() > most)
    return refuse(key, "is no text of at most " + std::to_string(most) + " bytes");
  value = found->get<std::string>();
}

void Reader::bytes(const char* key, std::string& value, std::size_t most, Need need) {
  const json* const found = find(key, need);
  if (found == nullptr) return;
  if (!found->is_binary() || found->get_binary().size() > most)
    return refuse(key, "is no byte string of at most " + std::to_string(most) + " bytes");
  value = text_of(*found);
}

void Reader::texts(const char* key, std::vector<std::string>& values, std::size_t count, std::size_t most) {
  const json* const found = find_list(key, count);
  if (found == nullptr) return;
  for (const json& element : *found) {
    if (!element.is_string() || element.get_ref<const std::string&>().size() > most)
      return refuse(key, "holds something else than texts of at most " + std::to_string(most) + " bytes");
    values.push_back(element.get<std::string>());
  }
}

void Reader::arguments(const char* key, std::vector<std::string>& values, std::size_t count, std::size_t total) {
  const json* const found = find_list(key, count);
  if (found == nullptr) return;
  for (const json& element : *found) {
    if (!element.is_binary()) return refuse(key, "holds something else than byte strings");
    values.push_back(text_of(element));
    if (values.back().contains('\0')) return refuse(key, "holds a NUL byte");
  }
  if (total_size(values) > total) refuse(key, "holds more than " + std::to_string(total) + " bytes");
}

void Reader::variables(const char* key, std::vector<std::pair<std::string, std::string>>& values, std::size_t count,
                       std::size_t most) {
  const json* const found = find(key, Need::kOptional);
  if (found == nullptr) return;
  if (!found->is_object() || found->size() > count)
    return refuse(key, "is no map of at most " + std::to_string(count) + " variables");
  for (const auto& [name, value] : found->items()) {
    if (!value.is_binary() || value.get_binary().size() > most)
      return refuse(key, "holds something else than byte strings of at most " + std::to_string(most) + " bytes");
    values.emplace_back(name, text_of(value));
    if (values.back().second.contains('\0')) return refuse(key, "holds a NUL byte");
  }
}

}  // namespace farpty::wire
