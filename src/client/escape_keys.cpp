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
      switch (key) {
        case '.': typed.commands.push_back(Command::kDisconnect); return typed;
        case kControlZ: typed.commands.push_back(Command::kSuspend); continue;
        case '?': typed.commands.push_back(Command::kHelp); continue;
        default:
          if (key != *escape_) typed.text += *escape_;
          break;
      }
    } else if (at_line_start_ && key == *escape_) {
      pending_ = true;
      continue;
    }
    typed.text += key;
    at_line_start_ = key == '\r' || key == '\n';
  }
  return typed;
}

std::string EscapeKeys::help() const {
  if (!escape_) return {};
  const std::string e(1, *escape_);
  return "\r\n" + e + ".  disconnect\r\n" + e + "^Z suspend farpty\r\n" + e + "?  this list\r\n" + e + e + "  type " +
         e + "\r\n(at the start of a line)\r\n";
}

}  // namespace farpty::client
