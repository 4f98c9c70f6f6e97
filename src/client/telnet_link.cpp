#include "client/telnet_link.hpp"

#include "base/log.hpp"

namespace farpty::client {

namespace {

std::string_view meaning(telnet::Option option, telnet::Side side) {
  const bool ours = side == telnet::Side::kOurs;
  switch (option) {
    case telnet::Option::kBinary:
      return ours ? "what you type goes as eight-bit bytes" : "output comes as eight-bit bytes";
    case telnet::Option::kEcho: return "the far end echoes";
    case telnet::Option::kSuppressGoAhead: return ours ? "no go-ahead is sent" : "the far end takes every key at once";
    case telnet::Option::kTerminalType: return "the far end may ask for your terminal's type";
    case telnet::Option::kWindowSize: return "the far end is told the size of your window";
  }
  return "";
}

}  // namespace

std::vector<std::string> terminal_types(std::string_view term) {
  std::vector<std::string> names;
  while (telnet::valid_terminal_type(term)) {
    names.emplace_back(term);
    const std::size_t dash = term.rfind('-');
    term = dash == std::string_view::npos ? "" : term.substr(0, dash);
  }
  return names;
}

TelnetLink::TelnetLink(std::vector<std::string> terminal_types)
    : telnet_(telnet::Role::kClient, {.terminal_types = std::move(terminal_types)}) {}

void TelnetLink::receive(Bytes wire, std::string& shown, std::string& answers) {
  shown_ = &shown;
  while (!wire.empty()) {
    wire = wire.subspan(telnet_.receive(wire, *this));
    if (telnet_.has_output()) flush(answers);
  }
  shown_ = nullptr;
}

void TelnetLink::type(Bytes typed, std::string& wire) {
  encoded_.clear();
  telnet_.encode(typed, encoded_);
  wire += as_text(encoded_);
}

void TelnetLink::resize(WindowSize size, std::string& wire) {
  telnet_.set_window({.columns = size.columns, .rows = size.rows});
  flush(wire);
}

Typing TelnetLink::typing() const {
  const bool echoes = telnet_.option(telnet::Option::kEcho, telnet::Side::kTheirs).on();
  const bool takes_keys = telnet_.option(telnet::Option::kSuppressGoAhead, telnet::Side::kTheirs).on();
  if (takes_keys) return echoes ? Typing::kRaw : Typing::kEchoedKeys;
  return echoes ? Typing::kHiddenLines : Typing::kLines;
}

bool TelnetLink::interrupt(std::string& wire) {
  if (!by_lines(typing())) return false;
  telnet_.send(telnet::Command::kInterrupt);
  flush(wire);
  return true;
}

void TelnetLink::on_option(telnet::Option option, telnet::Side side, telnet::Wish wish) {
  log::debug("telnet: {}{}", meaning(option, side), wish == telnet::Wish::kOn ? "" : ": no longer");
}

}  // namespace farpty::client
