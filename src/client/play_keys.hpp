// PlayKeys: what somebody types who watches a recording. A recording may hold questions to its terminal, and the watcher's
// terminal answers them on the same way as the keys: answers, pastes and the mouse are no keys. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.hpp"
#include "vt/parser.hpp"

namespace farpty::client {

enum class PlayKey : std::uint8_t { kPause, kStep, kBack, kForward, kFarBack, kFarForward, kStart, kQuit, kInterrupt };

class PlayKeys final : private vt::Sink {
 public:
  // In order.
  std::vector<PlayKey> read(Bytes typed);

 private:
  void on_text(std::u32string_view text) override;
  void on_control(char control) override;
  void on_escape(const vt::Escape&) override {}
  void on_csi(const vt::Csi& csi) override;
  void on_osc(std::string_view) override {}
  void on_single_shift(int set, char32_t character) override;
  void arrow(char32_t final);

  vt::Parser parser_;
  std::vector<PlayKey> keys_;
  bool pastes_ = false;
  int of_mouse_ = 0;  // characters that follow a report of the mouse (xterm: X10 compatibility mode)
};

}  // namespace farpty::client
