// TtyCall: executes the calls that change a terminal, for one request (tty_io.c: tty_ioctl; tty_jobctrl.c; pty.c).
//
// The shim has kept background processes away (SIGTTOU) before it asked; everything else is checked here, by what the kernel
// says of the asker.
#pragma once

#include <memory>

#include "device/request_socket.hpp"
#include "device/tty.hpp"

namespace farpty::device {

class Device;

class TtyCall {
 public:
  TtyCall(Device& device, std::shared_ptr<Asked> asked) : device_(device), asked_(std::move(asked)) {}
  void run();

 private:
  [[nodiscard]] std::int32_t perform();
  [[nodiscard]] std::int32_t perform_on_master();
  void set_settings(bool flush_input);
  void when_drained(std::function<void()> then);
  [[nodiscard]] tty::Termios wanted_settings() const;
  [[nodiscard]] std::int32_t flush();
  [[nodiscard]] std::int32_t flush_master();
  [[nodiscard]] std::int32_t control_master_flow();
  [[nodiscard]] std::int32_t take_control();
  [[nodiscard]] std::int32_t give_up_control();
  [[nodiscard]] std::int32_t set_foreground();
  [[nodiscard]] std::int32_t simulate_input();
  [[nodiscard]] std::int32_t set_bit(std::uint32_t bit);
  [[nodiscard]] std::int32_t send_signal();

  template <typename T>
  [[nodiscard]] T argument() const;

  Device& device_;
  std::shared_ptr<Asked> asked_;
  Tty* tty_ = nullptr;
  std::shared_ptr<OwnedFd> brought_;  // with the request; shared with what is done when output is drained
};

}  // namespace farpty::device
