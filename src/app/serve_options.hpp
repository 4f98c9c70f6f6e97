// What `farpty serve` was asked to do: flags and the configuration file, which know the same names.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/log_record.hpp"
#include "base/result.hpp"
#include "door/gate.hpp"
#include "door/settings.hpp"
#include "net/url.hpp"
#include "pty/ladder.hpp"
#include "pty/rlimits.hpp"

namespace farpty::app {

enum class ProbeChoice { kAuto, kNo, kYes };

// Of the output that nobody reads.
struct Retain {
  std::size_t bytes = std::size_t{4} * 1024 * 1024;
  session::WhenFull when_full = session::WhenFull::kForget;
};

struct ServeOptions {
  std::vector<net::Url> listen;
  std::vector<std::string> program;  // empty: the login shell
  std::string shell;                 // empty: the user's
  pty::TerminalChoice terminal = pty::TerminalChoice::kAuto;
  pty::Listening listening = pty::Listening::kWhenNeeded;
  std::string term = "xterm-256color";
  ProbeChoice probe_size = ProbeChoice::kAuto;
  std::chrono::milliseconds telnet_wait{250};
  door::Openness openness = door::Openness::kThisUser;
  door::Limits limits;
  session::Limits session_limits;
  Retain retain;
  std::string record;  // a directory; empty: nothing is recorded
  session::RecordInput record_input = session::RecordInput::kNo;
  std::chrono::seconds reauth{0};  // 0: never
  pty::Rlimits rlimits;
  bool sandbox = false;
  pty::Leftovers leftovers = pty::Leftovers::kLiveOn;
  std::chrono::seconds exit_when_idle{0};  // 0: never
  bool verbose = false;
  log::Format log_format = log::Format::kText;
};

// One setting: a flag `--name` and a key `name`.
struct Setting {
  enum class Kind { kSwitch, kValue, kList };
  std::string name;
  Kind kind;
  std::string value_name;  // "TIME"; empty for a switch
  std::string help;
  std::function<Result<>(ServeOptions&, const std::string& value)> apply;  // a switch is applied with "true" or "false"
};

[[nodiscard]] const std::vector<Setting>& serve_settings();

// Flags as they were given, in order: applied again over each reading of the file.
using GivenFlags = std::vector<std::pair<const Setting*, std::string>>;

// Defaults, then the file (if there is a path), then the flags; `program` of the command line over that of the file. An
// error in the file names file, line and key.
Result<ServeOptions> load_serve_options(const std::optional<std::string>& config_path, const GivenFlags& flags,
                                        const std::vector<std::string>& program);

}  // namespace farpty::app
