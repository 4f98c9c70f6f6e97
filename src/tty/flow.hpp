// Whether a terminal's output runs, and what a master in packet mode is told about it.
//
// Output has two brakes: Ctrl-S (or IXANY's any key to go on) and TCXONC's TCOOFF. While the second is on, the first cannot
// start anything (tty_io.c: __stop_tty, __start_tty; tty_ioctl.c: n_tty_ioctl_helper).
// Invariant: without packet mode the status byte is never written, as in pty.c: pty_start, pty_stop, pty_flush_buffer.
#pragma once

#include <cstdint>

#include "tty/termios.hpp"

namespace farpty::tty {

// Status bits that a master in packet mode reads as a byte of its own (TIOCPKT_* of <asm-generic/ioctls.h>).
namespace packet {
inline constexpr std::uint8_t kData = 0, kFlushRead = 1, kFlushWrite = 2, kStop = 4, kStart = 8, kNoStop = 16,
                              kDoStop = 32, kIoctl = 64;
}

class Flow {
 public:
  [[nodiscard]] bool stopped() const { return stopped_; }
  [[nodiscard]] bool held() const { return held_; }  // by TCOOFF

  void stop() {
    if (stopped_) return;
    stopped_ = true;
    report(packet::kStop, packet::kStart);
  }
  void start() {
    if (!stopped_ || held_) return;
    stopped_ = false;
    report(packet::kStart, packet::kStop);
  }
  void hold() {
    if (held_) return;
    held_ = true;
    stop();
  }
  void release() {
    if (!held_) return;
    held_ = false;
    start();
  }

  [[nodiscard]] bool packet_mode() const { return packet_mode_; }
  // TIOCPKT. Turning it on forgets what was reported before (pty.c: pty_set_pktmode).
  void set_packet_mode(bool on) {
    if (on && !packet_mode_) status_ = 0;
    packet_mode_ = on;
  }
  void report(std::uint8_t set, std::uint8_t clear = 0) {
    if (packet_mode_) status_ = static_cast<std::uint8_t>((status_ & ~clear) | set);
  }
  [[nodiscard]] std::uint8_t status() const { return status_; }
  [[nodiscard]] std::uint8_t take_status() {
    const std::uint8_t status = status_;
    status_ = 0;
    return status;
  }

  // Tells the master whether the usual Ctrl-S and Ctrl-Q work now, and any change of a terminal whose line is edited
  // by the master (EXTPROC) (pty.c: pty_set_termios).
  void report_change(const Termios& before, const Termios& after) {
    if (usual_keys(before) != usual_keys(after)) {
      report(usual_keys(after) ? packet::kDoStop : packet::kNoStop, packet::kDoStop | packet::kNoStop);
    }
    if (before.local(lflag::kExtproc) || after.local(lflag::kExtproc)) report(packet::kIoctl);
  }

 private:
  static bool usual_keys(const Termios& settings) {
    return settings.input(iflag::kIxon) && settings.cc[kVstop] == 023 && settings.cc[kVstart] == 021;
  }

  bool stopped_ = false;
  bool held_ = false;
  bool packet_mode_ = false;
  std::uint8_t status_ = 0;
};

}  // namespace farpty::tty
