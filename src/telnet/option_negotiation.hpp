// OptionNegotiation: the Q method of RFC 1143 for one option on one side.
//
// Options that we never allow do not come here: the endpoint refuses them without a state.
// Invariant: a message is sent only when the state moves, so that two of these can not keep answering each other.
#pragma once

#include <cstdint>
#include <optional>

#include "telnet/protocol.hpp"

namespace farpty::telnet {

class OptionNegotiation {
 public:
  // RFC 1143 section 7; the queue bit is folded in: kWantNoThenYes is WANTNO with himq/usq OPPOSITE.
  enum class State : std::uint8_t { kNo, kYes, kWantNo, kWantNoThenYes, kWantYes, kWantYesThenNo };

  // We wish it so. The result is what must be sent, if anything: kOn is WILL (ours) or DO (theirs), kOff WONT or DONT.
  [[nodiscard]] std::optional<Wish> ask(Wish wish) noexcept;

  // The peer said WILL or DO (kOn), WONT or DONT (kOff). The result is what must be sent, if anything.
  [[nodiscard]] std::optional<Wish> receive(Wish wish) noexcept;

  [[nodiscard]] State state() const noexcept { return state_; }
  [[nodiscard]] bool on() const noexcept { return state_ == State::kYes; }
  // Asked for by us and not answered yet.
  [[nodiscard]] bool asked() const noexcept { return state_ == State::kWantYes || state_ == State::kWantYesThenNo; }
  // Asked to stop by us, and not answered yet: the peer still does it.
  [[nodiscard]] bool ending() const noexcept { return state_ == State::kWantNo || state_ == State::kWantNoThenYes; }

 private:
  std::optional<Wish> go(State next, std::optional<Wish> send = std::nullopt) noexcept {
    state_ = next;
    return send;
  }
  State state_ = State::kNo;
};

}  // namespace farpty::telnet
