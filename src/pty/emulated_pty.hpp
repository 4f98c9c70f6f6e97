// EmulatedPty: a terminal where the kernel gives none: the emulated device (device/) behind the Terminal interface.
//
// The program gets the library libfarpty.so by LD_PRELOAD, which leads its tty calls to the device. Programs that make
// system calls without a libc are listened to (pty/listening.hpp).
#pragma once

#include <memory>

#include <boost/asio/io_context.hpp>

#include "base/timer.hpp"
#include "device/device.hpp"
#include "pty/terminal.hpp"

namespace farpty::pty {

class EmulatedPty final : public Terminal {
 public:
  static Result<Started> start(boost::asio::io_context& context, Listening listening, const Program& program,
                               WindowSize size);

  ~EmulatedPty() override;

  Transfer read(MutableBytes into) override;
  Transfer write(Bytes from) override;
  void when_readable(std::function<void()> then) override;
  void when_writable(std::function<void()> then) override { writable_ = std::move(then); }
  void end_input() override;
  Result<> resize(WindowSize size) override;
  [[nodiscard]] WindowSize size() const override;
  [[nodiscard]] std::string name() const override;
  [[nodiscard]] pid_t fg_pgrp() const override;
  [[nodiscard]] std::optional<std::byte> control_character(ControlCharacter which) const override;
  void send_break() override;
  void hangup() override;

 private:
  EmulatedPty(boost::asio::io_context& context, std::unique_ptr<device::Device> device);
  void type_end_of_file();

  std::unique_ptr<device::Device> device_;
  device::Tty* tty_;
  std::function<void()> readable_, writable_;
  bool input_ended_ = false;
  Timer end_timer_;
  std::chrono::milliseconds end_pause_{0};
};

// Where libfarpty.so is: inside the executable (the static one), else beside it, or in ../libexec/farpty/ of it; FARPTY_LIBRARY
// names another.
[[nodiscard]] Result<std::string> find_library();

}  // namespace farpty::pty
