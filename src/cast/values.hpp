// The JSON of one line, flattened: each scalar by its path ("width", "env.TERM", "0"). Pure.
//
// Nothing but nlohmann's sax_parse looks at the text, and nothing is built that a line could make large: bounded by the line
// itself, depth and number of values.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.hpp"

namespace farpty::cast {

using Value = std::variant<std::monostate, bool, double, std::string>;

struct Values {
  bool is_list = false;  // the whole is an array; else an object, or a single value with the path ""
  std::map<std::string, Value, std::less<>> by_path;

  // Null where there is none of this type.
  template <typename T>
  [[nodiscard]] const T* find(std::string_view path) const {
    const auto found = by_path.find(path);
    return found != by_path.end() ? std::get_if<T>(&found->second) : nullptr;
  }
};

struct ValueLimits {
  std::size_t depth;
  std::size_t values;
};

// Of a key that stands twice the first one counts.
Result<Values> parse_values(std::string_view json, ValueLimits limits);

}  // namespace farpty::cast
