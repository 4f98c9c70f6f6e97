// Records of the log: an event with named fields, as a line of text for people or for machines. Pure.
//
// Invariant: whatever stands in a name, a field or a text, the result is one line, and no field can be made to look like
// another: nobody who chooses a value forges a line.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace farpty::log {

enum class Format : std::uint8_t {
  kText,    // farpty: session 7 ended: exit status 0
  kLogfmt,  // time=... level=info event=session-end session=7 status=0 msg="session 7 ended: exit status 0"
  kJson,    // {"time":"...","level":"info","event":"session-end","session":7,...}
};

// One that is empty text is left out of a record.
struct Field {
  Field(std::string_view of, std::string_view text) : name(of), value(text) {}
  Field(std::string_view of, const char* text) : name(of), value(text) {}
  Field(std::string_view of, const std::string& text) : name(of), value(text) {}
  Field(std::string_view of, std::integral auto number)
      : name(of), value(std::to_string(number)), kind(Kind::kNumber) {}
  Field(std::string_view of, double number);  // to a thousandth

  enum class Kind : std::uint8_t { kText, kNumber };
  std::string_view name;  // [a-z_]+
  std::string value;
  Kind kind = Kind::kText;
};

using Fields = std::vector<Field>;

struct Record {
  std::string_view time, level;  // of kLogfmt and kJson
  std::string_view event;        // its name; empty: the text says it all
  const Fields* fields = nullptr;
  std::string_view text;
};

// Without a newline.
[[nodiscard]] std::string line_of(const Record& record, Format format);

}  // namespace farpty::log
