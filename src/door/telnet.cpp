#include "door/telnet.hpp"

namespace farpty::door {

void TelnetConnection::begin() {
  negotiation_ = std::make_unique<Negotiation>(context());
  negotiation_->name = TerminalName(terminfo_folders(terminfo_variables(settings().spec.program.environment)));
  negotiation_->timer.run_after(settings().telnet_wait, [this] {
    start();
    input_wanted();  // reading may have stopped at kMaxEarlyInput
  });
  telnet_.start();
  output({});
}

void TelnetConnection::start() {
  if (!negotiation_) return;
  const auto negotiation = std::move(negotiation_);
  start_program(negotiation->name.chosen().value_or(settings().term), size_);
}

void TelnetConnection::output(Bytes bytes) {
  auto& wire = scratch();
  wire.clear();
  telnet_.encode(bytes, wire);
  if (!wire.empty()) send(wire);
}

void TelnetConnection::receive(Bytes wire) {
  while (!wire.empty()) {
    wire = wire.subspan(telnet_.receive(wire, *this));
    if (telnet_.has_output()) output({});
  }
  if (telnet_.negotiated()) start();
}

void TelnetConnection::on_event(telnet::Event event) {
  if (seat() == nullptr) return;
  using enum pty::ControlCharacter;
  switch (event) {
    case telnet::Event::kInterrupt: return seat()->type(kInterrupt);
    case telnet::Event::kAbort: return seat()->type(kQuit);
    case telnet::Event::kSuspend: return seat()->type(kSuspend);
    case telnet::Event::kEraseCharacter: return seat()->type(kErase);
    case telnet::Event::kEraseLine: return seat()->type(kKill);
    case telnet::Event::kEndOfFile: return seat()->type(kEndOfFile);
    case telnet::Event::kBreak: return seat()->send_break();
    case telnet::Event::kAbortOutput: return;  // nothing that the program wrote is ever thrown away
  }
}

void TelnetConnection::on_window(telnet::WindowSize size) {
  size_ = sane_size(size.columns, size.rows);
  if (seat() != nullptr) seat()->resize(size_);
}

telnet::TypeChoice TelnetConnection::on_terminal_type(std::string_view name) {
  if (!negotiation_) return telnet::TypeChoice::kTake;
  return negotiation_->name.offer(name) ? telnet::TypeChoice::kTake : telnet::TypeChoice::kNext;
}

}  // namespace farpty::door
