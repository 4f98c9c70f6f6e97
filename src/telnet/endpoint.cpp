#include "telnet/endpoint.hpp"

#include <utility>

namespace farpty::telnet {

namespace {

constexpr std::string_view kAreYouThereAnswer = "\r\n[farpty: yes]\r\n";

constexpr std::size_t index_of(Option option) noexcept {
  switch (option) {
    case Option::kBinary: return 0;
    case Option::kEcho: return 1;
    case Option::kSuppressGoAhead: return 2;
    case Option::kTerminalType: return 3;
    case Option::kWindowSize: return 4;
  }
  std::unreachable();
}

constexpr std::byte byte_of(auto code) noexcept { return static_cast<std::byte>(code); }

constexpr Command verb(Side side, Wish wish) noexcept {
  if (side == Side::kOurs) return wish == Wish::kOn ? Command::kWill : Command::kWont;
  return wish == Wish::kOn ? Command::kDo : Command::kDont;
}

// IAC SB option content IAC SE, 255 doubled within (RFC 855).
std::vector<std::byte> subnegotiation_of(Option option, Bytes content) {
  std::vector<std::byte> out{kIacByte, byte_of(Command::kSubnegotiation), byte_of(option)};
  for (const std::byte byte : content) {
    out.push_back(byte);
    if (byte == kIacByte) out.push_back(kIacByte);
  }
  out.insert(out.end(), {kIacByte, byte_of(Command::kSubnegotiationEnd)});
  return out;
}

std::optional<Event> event_of(Command command) noexcept {
  switch (command) {
    case Command::kInterrupt: return Event::kInterrupt;
    case Command::kBreak: return Event::kBreak;
    case Command::kAbortOutput: return Event::kAbortOutput;
    case Command::kEraseCharacter: return Event::kEraseCharacter;
    case Command::kEraseLine: return Event::kEraseLine;
    case Command::kEndOfFile: return Event::kEndOfFile;
    case Command::kSuspend: return Event::kSuspend;
    case Command::kAbort: return Event::kAbort;
    default: return std::nullopt;
  }
}

}  // namespace

// What the decoder finds, with the Receiver of this receive().
class Endpoint::Dispatch final : public Decoder::Sink {
 public:
  Dispatch(Endpoint& endpoint, Receiver& to) : endpoint_(endpoint), to_(to) {}

  void on_data(Bytes run) override { to_.on_data(run); }
  void on_command(std::uint8_t code) override { endpoint_.command(code, to_); }
  void on_subnegotiation(Bytes content) override { endpoint_.subnegotiation(content, to_); }
  void on_negotiation(Command said, std::uint8_t option) override {
    const Side side = said == Command::kDo || said == Command::kDont ? Side::kOurs : Side::kTheirs;
    const Wish wish = said == Command::kDo || said == Command::kWill ? Wish::kOn : Wish::kOff;
    endpoint_.negotiate(side, wish, option, to_);
  }
  [[nodiscard]] bool full() const override { return endpoint_.full(); }

 private:
  Endpoint& endpoint_;
  Receiver& to_;
};

Endpoint::Endpoint(Role role, Settings settings)
    : role_(role), names_(std::move(settings.terminal_types)), window_(settings.window) {
  update_newlines();
}

void Endpoint::start() {
  if (role_ == Role::kClient) return;
  // TERMINAL-TYPE and NAWS last: who answers in order has answered everything once negotiated() is true.
  ask(Option::kEcho, Side::kOurs, Wish::kOn);
  ask(Option::kSuppressGoAhead, Side::kOurs, Wish::kOn);
  ask(Option::kSuppressGoAhead, Side::kTheirs, Wish::kOn);
  ask(Option::kBinary, Side::kOurs, Wish::kOn);
  ask(Option::kBinary, Side::kTheirs, Wish::kOn);
  ask(Option::kWindowSize, Side::kTheirs, Wish::kOn);
  ask(Option::kTerminalType, Side::kTheirs, Wish::kOn);
}

std::size_t Endpoint::receive(Bytes wire, Receiver& to) {
  if (full()) return 0;
  Dispatch dispatch(*this, to);
  return decoder_.decode(wire, dispatch);
}

void Endpoint::encode(Bytes data, std::vector<std::byte>& out) {
  out.insert(out.end(), replies_.begin(), replies_.end());
  replies_.clear();
  if (window_waits_ && window_) {
    window_waits_ = false;
    const auto [columns, rows] = *window_;
    const std::array size{byte_of(columns >> 8), byte_of(columns & 0xff), byte_of(rows >> 8), byte_of(rows & 0xff)};
    const auto bytes = subnegotiation_of(Option::kWindowSize, size);
    encoder_.complete(out);
    out.insert(out.end(), bytes.begin(), bytes.end());
  }
  encoder_.encode(data, out);
}

void Endpoint::set_window(WindowSize size) {
  if (window_ == size) return;
  window_ = size;
  window_waits_ = option(Option::kWindowSize, Side::kOurs).on();
}

void Endpoint::send(Command command) {
  if (full()) return;
  const std::array bytes{kIacByte, byte_of(command)};
  reply(bytes);
}

// ---- options

bool Endpoint::allowed(Option option, Side side) const noexcept {
  const bool server = role_ == Role::kServer;
  const Side far_end_of_client = server ? Side::kTheirs : Side::kOurs;
  switch (option) {
    case Option::kBinary:
    case Option::kSuppressGoAhead: return true;
    case Option::kEcho: return side != far_end_of_client;
    case Option::kTerminalType: return side == far_end_of_client && (server || !names_.empty());
    case Option::kWindowSize: return side == far_end_of_client && (server || window_.has_value());
  }
  return false;
}

OptionNegotiation& Endpoint::at(Option option, Side side) noexcept {
  return options_[std::to_underlying(side)][index_of(option)];
}

const OptionNegotiation& Endpoint::option(Option option, Side side) const noexcept {
  return options_[std::to_underlying(side)][index_of(option)];
}

void Endpoint::ask(Option option, Side side, Wish wish) {
  if (!allowed(option, side) || full()) return;
  if (const auto answer = at(option, side).ask(wish)) reply(side, *answer, std::to_underlying(option));
  update_newlines();
}

void Endpoint::negotiate(Side side, Wish wish, std::uint8_t code, Receiver& to) {
  const auto option = known_option(code);
  if (!option || !allowed(*option, side)) {
    if (wish == Wish::kOn) refuse(side, code);
    return;
  }
  OptionNegotiation& negotiation = at(*option, side);
  const OptionNegotiation before = negotiation;
  if (const auto answer = negotiation.receive(wish)) reply(side, *answer, code);
  if (negotiation.state() == before.state()) return;
  moved(*option, side);
  if (negotiation.on() != before.on()) to.on_option(*option, side, negotiation.on() ? Wish::kOn : Wish::kOff);
}

void Endpoint::refuse(Side side, std::uint8_t code) {
  auto&& refused = refused_[std::to_underlying(side)][code];
  if (refused && code != kTimingMark) return;
  refused = true;
  reply(side, Wish::kOff, code);
}

// An answer came for this option.
void Endpoint::moved(Option option, Side side) {
  update_newlines();
  const OptionNegotiation& negotiation = at(option, side);
  const bool refused = !negotiation.on() && !negotiation.asked();
  if (option == Option::kWindowSize) {
    if (role_ == Role::kServer && refused) window_settled_ = true;
    if (role_ == Role::kClient) window_waits_ = negotiation.on();
  }
  if (option == Option::kTerminalType && role_ == Role::kServer) {
    if (refused) types_.refused();
    if (negotiation.on() && !types_.settled()) ask_type();
  }
}

void Endpoint::update_newlines() noexcept {
  const OptionNegotiation& theirs = option(Option::kBinary, Side::kTheirs);
  const bool verbatim_in = theirs.on() || theirs.ending();
  const bool verbatim_out = option(Option::kBinary, Side::kOurs).on();
  if (role_ == Role::kServer) {
    decoder_.set_newlines(verbatim_in ? Decoder::Newlines::kVerbatim : Decoder::Newlines::kKeyboard);
    encoder_.set_newlines(verbatim_out ? Encoder::Newlines::kVerbatim : Encoder::Newlines::kScreen);
    return;
  }
  const bool characters = option(Option::kSuppressGoAhead, Side::kTheirs).on();
  decoder_.set_newlines(verbatim_in ? Decoder::Newlines::kVerbatim : Decoder::Newlines::kScreen);
  const Encoder::Newlines typed = characters ? Encoder::Newlines::kKeys : Encoder::Newlines::kLines;
  encoder_.set_newlines(verbatim_out ? Encoder::Newlines::kVerbatim : typed);
}

// ---- commands and subnegotiations

void Endpoint::command(std::uint8_t code, Receiver& to) {
  const auto command = static_cast<Command>(code);
  if (const auto event = event_of(command)) {
    to.on_event(*event);
  } else if (command == Command::kAreYouThere && role_ == Role::kServer) {
    reply(as_bytes(kAreYouThereAnswer));
  }
}

void Endpoint::subnegotiation(Bytes content, Receiver& to) {
  if (content.empty()) return;
  const Side side = role_ == Role::kServer ? Side::kTheirs : Side::kOurs;
  const auto about = known_option(std::to_integer<std::uint8_t>(content[0]));
  if (!about || !option(*about, side).on()) return;
  content = content.subspan(1);
  if (*about == Option::kWindowSize && role_ == Role::kServer) window_told(content, to);
  if (*about == Option::kTerminalType && role_ == Role::kServer) type_told(content, to);
  if (*about == Option::kTerminalType && role_ == Role::kClient) type_asked(content);
}

void Endpoint::window_told(Bytes content, Receiver& to) {
  if (content.size() != 4) return;
  const auto number = [&](std::size_t i) {
    return static_cast<std::uint16_t>(std::to_integer<unsigned>(content[i]) << 8 |
                                      std::to_integer<unsigned>(content[i + 1]));
  };
  window_settled_ = true;
  to.on_window({.columns = number(0), .rows = number(2)});
}

void Endpoint::type_told(Bytes content, Receiver& to) {
  if (content.empty() || content[0] != kIs) return;
  const std::string_view name = as_text(content.subspan(1));
  TerminalTypeQuery::Step step = types_.answered(name);
  if (step == TerminalTypeQuery::Step::kOffer) step = types_.chosen(to.on_terminal_type(name));
  if (step == TerminalTypeQuery::Step::kAsk || step == TerminalTypeQuery::Step::kRewind) ask_type();
}

void Endpoint::ask_type() {
  types_.asked();
  reply(subnegotiation_of(Option::kTerminalType, Bytes(&kSend, 1)));
}

void Endpoint::type_asked(Bytes content) {
  if (content.size() != 1 || content[0] != kSend) return;
  std::vector<std::byte> answer{kIs};
  const Bytes name = as_bytes(names_.next());
  answer.insert(answer.end(), name.begin(), name.end());
  reply(subnegotiation_of(Option::kTerminalType, answer));
}

// ---- replies

void Endpoint::reply(Bytes bytes) {
  if (replies_.empty()) encoder_.complete(replies_);
  replies_.insert(replies_.end(), bytes.begin(), bytes.end());
}

void Endpoint::reply(Side side, Wish wish, std::uint8_t code) {
  const std::array bytes{kIacByte, byte_of(verb(side, wish)), byte_of(code)};
  reply(bytes);
}

}  // namespace farpty::telnet
