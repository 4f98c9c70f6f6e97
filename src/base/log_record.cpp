#include "base/log_record.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/utf8.hpp"

namespace farpty::log {

namespace {

// In quotes, with nothing in it but printable ASCII: JSON's escapes, which readers of logfmt know as well. Bytes that are no
// UTF-8 are U+FFFD.
std::string in_quotes(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

bool stands_alone(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text)
    if (c <= ' ' || c >= 0x7f || c == '"' || c == '=' || c == '\\') return false;
  return true;
}

// Line ends and escape sequences in what somebody chose draw nothing and end nothing.
std::string without_controls(std::string_view text) {
  std::string shown;
  while (!text.empty()) {
    const utf8::Look head = utf8::look(text);
    const char32_t character = head.character;
    const bool shows =
        head.head == utf8::Head::kCharacter && character >= 0x20 && (character < 0x7f || character > 0x9f);
    if (shows)
      shown.append(text.substr(0, head.length));
    else
      for (const char byte : text.substr(0, head.length))
        shown += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
    text.remove_prefix(head.length);
  }
  return shown;
}

class Writer {
 public:
  explicit Writer(Format format) : format_(format) {}

  void add(const Field& field) {
    if (field.value.empty()) return;
    if (format_ == Format::kJson) {
      line_ += line_.empty() ? "{" : ",";
      line_ +=
          in_quotes(field.name) + ":" + (field.kind == Field::Kind::kNumber ? field.value : in_quotes(field.value));
      return;
    }
    if (!line_.empty()) line_ += ' ';
    line_ += field.name;
    line_ += '=';
    line_ += stands_alone(field.value) ? field.value : in_quotes(field.value);
  }
  std::string take() { return format_ == Format::kJson ? line_ + "}" : std::move(line_); }

 private:
  Format format_;
  std::string line_;
};

}  // namespace

Field::Field(std::string_view of, double number)
    : name(of), value(fmt::format("{:.3f}", number)), kind(Kind::kNumber) {}

std::string line_of(const Record& record, Format format) {
  if (format == Format::kText) return "farpty: " + without_controls(record.text);
  Writer writer(format);
  writer.add({"time", record.time});
  writer.add({"level", record.level});
  writer.add({"event", record.event});
  if (record.fields != nullptr)
    for (const Field& field : *record.fields) writer.add(field);
  writer.add({"msg", record.text});
  return writer.take();
}

}  // namespace farpty::log
