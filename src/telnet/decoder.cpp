#include "telnet/decoder.hpp"

#include <algorithm>

#include "telnet/scan.hpp"

namespace farpty::telnet {

void Decoder::set_newlines(Newlines newlines) noexcept {
  if (newlines == newlines_) return;
  newlines_ = newlines;
  after_cr_ = false;
}

std::size_t Decoder::decode(Bytes wire, Sink& sink) {
  std::size_t at = 0;
  while (at < wire.size()) {
    const Bytes rest = wire.subspan(at);
    switch (state_) {
      case State::kData: at += data(rest, 0, sink); continue;
      case State::kIac: at += after_iac(rest, sink); break;
      case State::kVerb:
        state_ = State::kData;
        sink.on_negotiation(verb_, std::to_integer<std::uint8_t>(rest[0]));
        ++at;
        break;
      case State::kSubnegotiation: at += subnegotiation(rest); continue;
      case State::kSubnegotiationIac: at += after_subnegotiation_iac(rest[0], sink); break;
    }
    if (sink.full()) break;
  }
  return at;
}

// Takes data up to and with the next IAC. The first `literal` bytes are data whatever they are.
std::size_t Decoder::data(Bytes wire, std::size_t literal, Sink& sink) {
  const std::size_t end = find(wire, kIacByte, literal);
  if (end > 0) data_run(wire.first(end), sink);
  if (end == wire.size()) return end;
  state_ = State::kIac;
  return end + 1;
}

bool Decoder::swallowed_after_cr(std::byte byte) const noexcept {
  return byte == kNul || (byte == kLf && newlines_ == Newlines::kKeyboard);
}

void Decoder::data_run(Bytes run, Sink& sink) {
  if (newlines_ == Newlines::kVerbatim) {
    sink.on_data(run);
    return;
  }
  std::size_t start = after_cr_ && swallowed_after_cr(run[0]) ? 1 : 0;
  after_cr_ = run.back() == kCr;
  for (std::size_t cr = find(run, kCr, start); cr + 1 < run.size(); cr = find(run, kCr, cr + 1)) {
    if (!swallowed_after_cr(run[cr + 1])) continue;
    sink.on_data(run.subspan(start, cr + 1 - start));
    start = cr + 2;
  }
  if (start < run.size()) sink.on_data(run.subspan(start));
}

std::size_t Decoder::after_iac(Bytes wire, Sink& sink) {
  state_ = State::kData;
  switch (const auto command = static_cast<Command>(wire[0])) {
    case Command::kIac: return data(wire, 1, sink);  // an escaped 255 begins a run, in place
    case Command::kWill:
    case Command::kWont:
    case Command::kDo:
    case Command::kDont:
      verb_ = command;
      state_ = State::kVerb;
      return 1;
    case Command::kSubnegotiation:
      collected_ = 0;
      state_ = State::kSubnegotiation;
      return 1;
    default: sink.on_command(std::to_integer<std::uint8_t>(wire[0])); return 1;
  }
}

std::size_t Decoder::subnegotiation(Bytes wire) {
  const std::size_t end = find(wire, kIacByte);
  collect(wire.first(end));
  if (end == wire.size()) return end;
  state_ = State::kSubnegotiationIac;
  return end + 1;
}

std::size_t Decoder::after_subnegotiation_iac(std::byte byte, Sink& sink) {
  switch (static_cast<Command>(byte)) {
    case Command::kIac:
      collect(Bytes(&kIacByte, 1));
      state_ = State::kSubnegotiation;
      return 1;
    case Command::kSubnegotiationEnd:
      state_ = State::kData;
      sink.on_subnegotiation(Bytes(subnegotiation_).first(collected_));
      return 1;
    default:  // RFC 855 does not know this: the end was lost. Forget what was collected, obey the command.
      state_ = State::kIac;
      return 0;
  }
}

void Decoder::collect(Bytes bytes) {
  const std::size_t taken = std::min(bytes.size(), kSubnegotiationBound - collected_);
  std::ranges::copy(bytes.first(taken), subnegotiation_.begin() + collected_);
  collected_ = static_cast<std::uint8_t>(collected_ + taken);
}

}  // namespace farpty::telnet
