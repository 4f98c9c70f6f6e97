// The configuration file as a list of entries: what it says, not what it means (serve_options.hpp).
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"

namespace farpty::app {

// One key of the file's top table. Each text is what the flag of the same name would be given.
struct ConfigEntry {
  enum class Form { kBoolean, kScalar, kList, kOther };
  std::string key;
  Form form = Form::kOther;
  std::vector<std::string> texts;  // one, but for a list; none for kOther
  unsigned long line = 0;
};

// Reads a TOML file; an error names the file and, where it is known, the line.
Result<std::vector<ConfigEntry>> read_config_file(const std::string& path);

}  // namespace farpty::app
