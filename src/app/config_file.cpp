// The only place that sees toml11, which takes half a minute to compile.
#include "app/config_file.hpp"

#include <sys/stat.h>

#include <exception>  // toml11 names std::terminate without it
#include <optional>

#include <fmt/format.h>
#include <toml.hpp>

namespace farpty::app {

namespace {

using Form = ConfigEntry::Form;

std::optional<std::string> scalar_text(const toml::value& value) {
  if (value.is_string()) return value.as_string().str;
  if (value.is_integer()) return std::to_string(value.as_integer());
  return std::nullopt;
}

void read_list(const toml::value& value, ConfigEntry& entry) {
  entry.form = Form::kList;
  for (const toml::value& element : value.as_array()) {
    if (!element.is_string()) {
      entry.form = Form::kOther;
      entry.line = element.location().line();
      return;
    }
    entry.texts.push_back(element.as_string().str);
  }
}

ConfigEntry read_entry(const std::string& key, const toml::value& value) {
  ConfigEntry entry{.key = key, .form = Form::kOther, .texts = {}, .line = value.location().line()};
  if (value.is_boolean()) {
    entry.form = Form::kBoolean;
    entry.texts.emplace_back(value.as_boolean() ? "true" : "false");
  } else if (const auto text = scalar_text(value)) {
    entry.form = Form::kScalar;
    entry.texts.push_back(*text);
  } else if (value.is_array()) {
    read_list(value, entry);
  }
  return entry;
}

}  // namespace

Result<std::vector<ConfigEntry>> read_config_file(const std::string& path) {
  struct stat status{};
  if (stat(path.c_str(), &status) != 0) return os_error("cannot read", path);
  if (!S_ISREG(status.st_mode)) return failure("cannot read", path, "it is not a file");
  std::vector<ConfigEntry> entries;
  try {
    const toml::value root = toml::parse(path);
    for (const auto& [key, value] : root.as_table()) entries.push_back(read_entry(key, value));
  } catch (const toml::exception& broken) {
    // Its text is a drawing of several lines; the first says what, and the location where.
    const std::string what = broken.what();
    return failure("cannot use", fmt::format("{}:{}", path, broken.location().line()), what.substr(0, what.find('\n')));
  } catch (const std::exception& broken) {
    return failure("cannot read", path, broken.what());
  }
  return entries;
}

}  // namespace farpty::app
