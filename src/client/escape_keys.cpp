#include "client/escape_keys.hpp"

namespace farpty::client {

namespace {

constexpr char kControlZ = 0x1a;

}  // namespace

EscapeKeys::Typed EscapeKeys::filter(Bytes keys) {
  Typed typed;
  if (!escape_) {
    typed.text = as_text(keys);
    return typed;
  }
  for (const char key : as_text(keys)) {
    if (pending_) {
      pending_ = false;
      if (const auto command = command_of(key)) {
        typed.commands.push_back(*command);
        if (*command == Command::kDisconnect || *command == Command::kDetach) return typed;
        continue;
      }
      if (key != *escape_) typed.text += *escape_;
    } else if (at_line_start_ && key == *escape_) {
      pending_ = true;
      continue;
    }
    typed.text += key;
    at_line_start_ = key == '\r' || key == '\n';
  }
  return typed;
}

std::optional<Command> EscapeKeys::command_of(char key) const {
  switch (key) {
    case '.': return Command::kDisconnect;
    case kControlZ: return Command::kSuspend;
    case '?': return Command::kHelp;
    default: break;
  }
  if (sessions_ == Sessions::kEndWithConnection) return std::nullopt;
  if (key == 'd') return Command::kDetach;
  if (key == 'w') return Command::kPen;
  return std::nullopt;
}

std::string EscapeKeys::help() const {
  if (!escape_) return {};
  const std::string e(1, *escape_);
  std::string text = "\r\n" + e + ".  disconnect\r\n";
  if (sessions_ == Sessions::kLast)
    text += e + "d  detach: the session goes on\r\n" + e + "w  take the pen, or hand it over\r\n";
  return text + e + "^Z suspend farpty\r\n" + e + "?  this list\r\n" + e + e + "  type " + e +
         "\r\n(at the start of a line)\r\n";
}

}  // namespace farpty::client
