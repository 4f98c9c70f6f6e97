// TerminalName: which of the names that a peer gives its terminal becomes the program's TERM.
//
// The first one that this machine's terminfo knows; where it knows none of them, the first one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/terminfo.hpp"

namespace farpty::door {

class TerminalName {
 public:
  TerminalName() = default;
  explicit TerminalName(std::vector<std::string> terminfo_folders) : folders_(std::move(terminfo_folders)) {}

  // A name, valid (telnet::valid_terminal_type), in any letter case. Whether no other one need be offered.
  bool offer(std::string_view name);

  // In small letters; nothing where no name was offered.
  [[nodiscard]] const std::optional<std::string>& chosen() const { return chosen_; }

 private:
  std::vector<std::string> folders_;
  std::optional<std::string> chosen_;
};

// The terminfo variables among "NAME=value" strings: those of the program that will look the name up.
[[nodiscard]] TerminfoVariables terminfo_variables(const std::vector<std::string>& environment);

}  // namespace farpty::door
