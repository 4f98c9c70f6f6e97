#include "cast/writer.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace farpty::cast {

namespace {

constexpr Micros kSecond = 1'000'000;

std::string line(Micros at, char code, const std::string& text) {
  if (text.empty()) return {};
  return fmt::format("[{}.{:06}, \"{}\", {}]\n", at / kSecond, at % kSecond, code, nlohmann::json(text).dump());
}

// The texts of a header are names of programs and sessions: of what is no UTF-8 in them nothing depends.
std::string shown(const std::string& name) {
  TextMaker maker;
  const std::string text = maker.add(as_bytes(name));
  return text + maker.rest();
}

}  // namespace

std::string Writer::header(const Header& header) {
  nlohmann::ordered_json json = {{"version", 2}, {"width", header.size.columns}, {"height", header.size.rows}};
  if (header.timestamp) json["timestamp"] = *header.timestamp;
  if (header.idle_limit) json["idle_time_limit"] = static_cast<double>(*header.idle_limit) / kSecond;
  if (!header.title.empty()) json["title"] = shown(header.title);
  if (!header.command.empty()) json["command"] = shown(header.command);
  if (!header.term.empty()) json["env"]["TERM"] = shown(header.term);
  json["farpty"]["bytes"] = kByteCharacters;
  return json.dump() + '\n';
}

std::string Writer::output(Micros at, Bytes bytes) { return line(at, 'o', output_.add(bytes)); }

std::string Writer::input(Micros at, Bytes bytes) { return line(at, 'i', input_.add(bytes)); }

std::string Writer::resized(Micros at, WindowSize size) {
  // What was output before is shown before.
  return line(at, 'o', output_.rest()) + line(at, 'r', fmt::format("{}x{}", size.columns, size.rows));
}

std::string Writer::finish(Micros at) { return line(at, 'o', output_.rest()) + line(at, 'i', input_.rest()); }

}  // namespace farpty::cast
