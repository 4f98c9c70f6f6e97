#include "door/raw.hpp"

namespace farpty::door {

void RawConnection::begin() {
  probing_ = settings().probe_size == ProbeSize::kYes;
  start_program(settings().term, WindowSize{});
}

void RawConnection::output(Bytes bytes) {
  send(bytes);
  if (!probing_) return;
  probe_.see_output(bytes);
  ask_for_size();
}

void RawConnection::ask_for_size() {
  if (!probe_.must_ask()) return;
  probe_.asked(SizeProbe::Clock::now());
  send(as_bytes(SizeProbe::kQuestion));
}

void RawConnection::receive(Bytes wire) {
  if (!probing_) return type(wire);
  const Bytes typed = probe_.filter_input(wire, SizeProbe::Clock::now());
  // The size first: a command typed behind the report sees it.
  if (const auto size = probe_.take_size(); size && seat() != nullptr) seat()->resize(*size);
  type(typed);
  ask_for_size();
  if (probe_.holds_bytes()) {
    if (!hold_timer_) hold_timer_ = std::make_unique<Timer>(context());
    hold_timer_->run_after(SizeProbe::kPartialWait, [this] { type(probe_.release()); });
  } else {
    hold_timer_.reset();
  }
  probing_ = !probe_.finished() || probe_.holds_bytes();
}

void RawConnection::end_of_peer() {
  if (probing_) type(probe_.release());
}

}  // namespace farpty::door
