#include "telnet/option_negotiation.hpp"

namespace farpty::telnet {

using enum OptionNegotiation::State;

std::optional<Wish> OptionNegotiation::ask(Wish wish) noexcept {
  const bool on = wish == Wish::kOn;
  switch (state_) {
    case kNo: return on ? go(kWantYes, Wish::kOn) : std::nullopt;
    case kYes: return on ? std::nullopt : go(kWantNo, Wish::kOff);
    case kWantNo:
    case kWantNoThenYes: return go(on ? kWantNoThenYes : kWantNo);
    case kWantYes:
    case kWantYesThenNo: return go(on ? kWantYes : kWantYesThenNo);
  }
  return std::nullopt;
}

std::optional<Wish> OptionNegotiation::receive(Wish wish) noexcept {
  const bool on = wish == Wish::kOn;
  switch (state_) {
    case kNo: return on ? go(kYes, Wish::kOn) : std::nullopt;
    case kYes: return on ? std::nullopt : go(kNo, Wish::kOff);
    case kWantNo: return go(kNo);  // on: "DONT answered by WILL", the peer's error
    case kWantNoThenYes: return on ? go(kYes) : go(kWantYes, Wish::kOn);
    case kWantYes: return go(on ? kYes : kNo);
    case kWantYesThenNo: return on ? go(kWantNo, Wish::kOff) : go(kNo);
  }
  return std::nullopt;
}

}  // namespace farpty::telnet
