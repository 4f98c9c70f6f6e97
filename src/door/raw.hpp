// The raw door: bytes only, as netcat speaks them. The program starts at once, at 80x24; what the peer's terminal really
// measures is asked of the terminal itself where that is wanted (door/size_probe.hpp).
#pragma once

#include "base/timer.hpp"
#include "door/connection.hpp"
#include "door/size_probe.hpp"

namespace farpty::door {

class RawConnection final : public Connection {
 public:
  using Connection::Connection;
  void output(Bytes bytes) override;
  [[nodiscard]] std::string door() const override { return "raw"; }

 private:
  void begin() override;
  void receive(Bytes wire) override;
  void end_of_peer() override;
  void ask_for_size();

  SizeProbe probe_;
  bool probing_ = false;
  std::unique_ptr<Timer> hold_timer_;  // while a beginning of a report is held back
};

}  // namespace farpty::door
